"""Pods without a node, pods never created, workloads told to run nothing (H01 to H13)."""
