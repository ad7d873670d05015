"""Twins of the rules that RefinedWeb's paper states."""
