"""Evidence of a failed run, taken before anything is cleaned up."""
