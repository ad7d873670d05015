"""The command line: parses and prints, decides nothing."""

from refinery.cli.app import main

__all__ = ["main"]
