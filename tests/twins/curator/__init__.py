"""Twins of the families of NeMo Curator."""
