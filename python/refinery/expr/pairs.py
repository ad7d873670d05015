"""Which documents resemble each other, and how much: what explains a cluster of near duplicates.

Candidates are documents that agree in a whole band, as in clustering; here they are told one by one
instead of joined. The similarity is the one that clustering compares with the threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from refinery import _core

_SMALL_BUCKET = 128
"""As in clustering: in a larger bucket not every pair is a candidate, or a million copies of one
text would be 5e11 pairs."""
_PAIRS_AT_ONCE = 100_000
_TEXTS_AT_ONCE = 1_000
"""Pairs whose texts are compared in one call, between which Ctrl-C gets through."""
_SIDES = ("left", "right")


def matching_pairs(
    signatures: pl.Series, ids: pl.Series | None, *, bands: int, threshold: float
) -> pl.DataFrame:
    """Pairs of `left`, `right`, `similarity` and `shared_bands`, the most similar first.

    Parameters
    ----------
    signatures
        Binary of 4 bytes a value, null where a document has none.
    ids
        String, as long; names and orders documents. Row numbers without it.
    bands
        Bands of a signature.
    threshold
        Least share of equal values.
    """
    rank = (
        pl.int_range(len(signatures), dtype=pl.UInt32, eager=True)
        if ids is None
        else ids.rank("ordinal").cast(pl.UInt32) - 1
    )
    signed = pl.DataFrame({"rank": rank, "minhash": signatures}).drop_nulls().sort("rank")
    values = _values(signed["minhash"])
    pairs = _candidates(signed["rank"], values, bands)
    at = pl.Series("at", [None], pl.UInt32).new_from_index(0, max(1, len(signatures)))
    at = at.scatter(signed["rank"], pl.int_range(signed.height, dtype=pl.UInt32, eager=True))
    found = pl.concat(
        _compared(part, values, at) for part in pairs.iter_slices(_PAIRS_AT_ONCE)
    ) if pairs.height else pairs.with_columns(similarity=pl.lit(0.0))  # fmt: skip
    found = found.filter(pl.col("similarity") >= threshold)
    names = rank if ids is None else ids
    by_rank = names.gather(rank.arg_sort())
    return found.select(
        left=by_rank.gather(found["left"]),
        right=by_rank.gather(found["right"]),
        similarity="similarity",
        shared_bands="shared_bands",
    ).sort(["similarity", "left", "right"], descending=[True, False, False])


def with_jaccard(
    pairs: pl.DataFrame, ids: pl.Series | None, texts: pl.Series, hasher: _core.MinHasher
) -> pl.DataFrame:
    """`pairs` of `matching_pairs` with `jaccard`: Float64, of the shingles of both texts.

    `ids` are the names that the pairs have (row numbers without them), one for each of `texts`.
    """
    rows = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    of_name = pl.DataFrame({"name": rows if ids is None else ids, "row": rows})
    found = [
        pl.Series(hasher.similarities(*(_texts(part[side], of_name, texts) for side in _SIDES)))
        for part in pairs.iter_slices(_TEXTS_AT_ONCE)
    ]
    jaccard = pl.concat(found) if found else pl.Series([], dtype=pl.Float64)
    return pairs.insert_column(pairs.get_column_index("shared_bands"), jaccard.alias("jaccard"))


def _texts(names: pl.Series, of_name: pl.DataFrame, texts: pl.Series) -> pa.Array:
    """The texts of documents, as Arrow strings."""
    rows = names.to_frame("name").join(of_name, on="name", how="left", maintain_order="left")["row"]
    return texts.gather(rows).cast(pl.String).to_arrow()


def _values(signatures: pl.Series) -> pl.Series:
    """Signatures as arrays of UInt32."""
    width = len(signatures[0]) if len(signatures) else 4
    binary = signatures.to_arrow().cast(pa.large_binary()).cast(pa.binary(width))
    numbers = pa.Array.from_buffers(
        pa.uint32(), len(binary) * width // 4, [None, binary.buffers()[1]], offset=binary.offset
    )
    lists = pa.FixedSizeListArray.from_arrays(numbers, width // 4)
    return pl.Series("minhash", lists, pl.Array(pl.UInt32, width // 4))


def _candidates(rank: pl.Series, values: pl.Series, bands: int) -> pl.DataFrame:
    """Pairs of ranks (left the smaller) that share a band, and in how many they do."""
    rows = values.dtype.shape[0] // bands if isinstance(values.dtype, pl.Array) else 0
    found = []
    for band in range(bands):
        keys = values.arr.to_list().list.slice(band * rows, rows)
        of_band = pl.DataFrame({"rank": rank, "key": keys})
        # Numbers for keys: a join on lists is slow where there is one at all.
        buckets = (
            of_band.group_by("key")
            .agg("rank")
            .filter(pl.col("rank").list.len() > 1)
            .select(pl.col("rank").list.sort())
            .with_row_index("bucket")
        )
        members = buckets.explode("rank").with_columns(size=pl.len().over("bucket"))
        small = members.filter(pl.col("size") <= _SMALL_BUCKET)
        leaders = buckets.select("bucket", rank=pl.col("rank").list.first())
        large = members.filter(pl.col("size") > _SMALL_BUCKET)
        for lefts, rights in ((small, small), (leaders, large)):
            joined = lefts.join(rights, on="bucket").filter(pl.col("rank") < pl.col("rank_right"))
            found.append(joined.select(left="rank", right="rank_right"))
    return (
        pl.concat(found)
        .group_by("left", "right")
        .agg(shared_bands=pl.len())
        .sort("left", "right")
        .select("left", "right", pl.col("shared_bands").cast(pl.UInt32))
    )


def _compared(pairs: pl.DataFrame, values: pl.Series, at: pl.Series) -> pl.DataFrame:
    """`pairs` with the share of equal values."""
    width = values.dtype.shape[0] if isinstance(values.dtype, pl.Array) else 1
    left, right = (values.gather(at.gather(pairs[side])).explode() for side in _SIDES)
    equal = (left == right).cast(pl.UInt32).reshape((len(pairs), width)).arr.sum()
    # Divided as clustering does; a constant divisor would be multiplied by its reciprocal.
    divisor = pl.Series([float(width)]).new_from_index(0, len(pairs))
    return pairs.with_columns(similarity=equal.cast(pl.Float64) / divisor)
