"""Examines a deployment that the harness did not make: live with a kubeconfig, or a recording.

Wires the observer or a recording to the diagnosis, with what the repository declares where one is
given. Changes nothing anywhere: it only lists, watches and reads logs.
"""

from harness.examine.live import examine_live
from harness.examine.question import Question
from harness.examine.recording import examine_recording

__all__ = ["Question", "examine_live", "examine_recording"]
