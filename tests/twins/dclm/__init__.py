"""Twins of DCLM's families, edits, word rules and recipe."""
