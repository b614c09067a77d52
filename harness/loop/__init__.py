"""Keeps one cluster and brings every save of the tree to a verdict.

Wires the stages to the watching of files, to keys and to a screen. What a stage does, and what a
verdict is, stays theirs.
"""
