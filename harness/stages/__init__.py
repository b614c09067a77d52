"""What each stage of a run does; their order is `harness.pipeline`'s and `harness.compose`'s."""
