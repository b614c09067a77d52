"""The builders: how each kind of part is made, given a bench."""
