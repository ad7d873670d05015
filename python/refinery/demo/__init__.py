"""A raw corpus for trying refinery out, made of text that is already on this machine.

What it is: `build_corpus` gathers real documents that come with any Python installation (the
language's reference topics, docstrings, READMEs, changelogs, licences, package texts, sources) and,
where they are there, the README files of downloaded Rust crates and the system's documentation. It
writes them as shards in three formats beside a manifest. Prose, boilerplate, near duplicates and
junk are there because machines are like that; no document is made up.

What it is not: a corpus to train on, or one that is the same on two machines. On one machine in one
state it is the same to the byte.

Nothing is imported or executed to get at its text, and nothing is fetched.

Examples
--------
>>> from refinery.demo import PIPELINE
>>> PIPELINE.name
'demo_pipeline.yaml'
"""

from pathlib import Path
from typing import Final

from refinery.demo.build import DEFAULT_MEGABYTES, build_corpus
from refinery.demo.documents import Document

PIPELINE: Final = Path(__file__).with_name("demo_pipeline.yaml")
"""The pipeline that goes with the corpus; it expects the shards in `raw/` beside it."""

ABLATION: Final = Path(__file__).with_name("demo_ablation.yaml")
"""What a kept token of it is worth: an ablation file, for the same place."""

__all__ = ["ABLATION", "DEFAULT_MEGABYTES", "PIPELINE", "Document", "build_corpus"]
