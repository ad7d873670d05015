"""The MinHash signatures that a configuration asks for; the hashing itself is in Rust."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from refinery import _core

if TYPE_CHECKING:
    from refinery.config import MinHashConfig


def make_minhasher(config: MinHashConfig) -> _core.MinHasher:
    """The signatures that `config` asks for; one object for equal ones."""
    return _minhasher(config.ngram, config.bands, config.rows_per_band, config.profile)


@functools.cache
def _minhasher(ngram: int, bands: int, rows_per_band: int, profile: str) -> _core.MinHasher:
    return _core.MinHasher(ngram=ngram, bands=bands, rows_per_band=rows_per_band, profile=profile)
