"""Who must reach whom, and whether the declared network policies let them. Pure."""
