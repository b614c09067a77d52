"""What a run shows and leaves: the screen while it goes on, and files when it has ended.

`harness.report.screen` shows, `harness.report.write` writes, `harness.report.json_report` reads a
run back. This room judges nothing about a cluster: it tells what a `RunRecord` holds.
"""
