"""The evidence archive: one file that holds a run, and from which it can be run again elsewhere.

Writing (`write`), reading what may be hostile (`read`), secrets removed (`masking`), the tree
(`tree`), and what differs between then and now (`differences`, `outcome`).
"""
