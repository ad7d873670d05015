"""Mixing sources into one training set: shares, epochs, a shuffle, and the files that trainers read.

Called `mixture`, not `mix`, so that `rf.mix` stays the function.
"""
