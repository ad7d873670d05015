"""Scaling laws as arithmetic: what a number of tokens is worth, and what yield a model needs.

Called `scaling`, not `budget`, so that `rf.budget` stays the function.
"""
