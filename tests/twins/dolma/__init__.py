"""Slow, obvious twins of the numbers of Dolma's taggers."""
