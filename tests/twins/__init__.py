"""Slow, obvious twins of the signals: the readable definition of every number.

A twin takes the text and, where the signal counts words, the list of them, so that it needs no
tokenizer. Not fast, and not used outside the tests.
"""
