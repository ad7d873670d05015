"""Twins of what papers describe and no code was released for."""
