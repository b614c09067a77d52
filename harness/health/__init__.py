"""Judgement of live objects: pure functions of an object, its pods and the time."""
