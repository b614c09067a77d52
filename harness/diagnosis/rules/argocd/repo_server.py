"""A04: Argo CD's repo server or Redis does not answer.

Passes by itself while they roll out or clone for the first time, and is never blamed on the
repository. While the server's workload is not ready this is a suspect only: what its pods show (an
image, a crash) or that they do not come up (C06) is the finding. It counts when the server is
ready, or unknown, and still does not answer for three minutes: something lies between.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import ApplicationFact, Condition
from harness.diagnosis.rules.argocd.engine_parts import REDIS, REPO_SERVER, engine_part
from harness.diagnosis.rules.argocd.engine_texts import decisive
from harness.diagnosis.signal import NEVER, Signal, t2
from harness.model.refs import ObjectRef

REDIS_PORT = ":6379"


def not_answering(facts: Facts, app: ApplicationFact, condition: Condition) -> Signal:
    """Returns the signal that a part of Argo CD does not answer."""
    server = _server(facts, condition.message)
    since = max(condition.since or facts.first_seen(app.ref), facts.ready_since(server))
    if facts.header.revision:
        since = max(since, facts.header.started)
    starting = facts.find(server) is not None and not facts.is_ok(server)
    return Signal(
        cause="A04",
        at=app.ref,
        root=server,
        seen=f"Argo CD's controller gets no answer: {decisive(condition.message, 160)}",
        expected=f"{server.name} ready and reachable from the application controller",
        fix=f"kubectl logs {server.kind.lower()}/{server.name} -n {server.namespace}",
        need=NEVER if starting else t2(180),
        since=since,
        last=facts.now,
        rank=90,
    )


def _server(facts: Facts, message: str) -> ObjectRef:
    redis = "redis" in message.lower() or REDIS_PORT in message
    return engine_part(facts, REDIS if redis else REPO_SERVER)
