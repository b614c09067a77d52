"""The gap: what is declared, what the engine applied, what runs. Judged from values, by rules.

`harness.drift.observe` reads, `harness.drift.compare` is the one call from outside; everything
else is pure.
"""
