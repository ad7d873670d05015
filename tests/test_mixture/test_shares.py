"""Shares, epochs and caps to epochs of each group: sums by hand, and laws that hold for any of them."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinery.mixture.draw import read_group
from refinery.mixture.shares import Group, Wish, solve


def tokens_of(wishes, groups, **more):
    epochs = solve(wishes, groups, **{"tokens": None, "caps": []} | more)
    found = [0.0] * len(wishes)
    for e, group in zip(epochs, groups, strict=True):
        found[group.source] += e * group.tokens
    return found


def plain(*sizes):
    return [Group(i, 0, 10, float(size)) for i, size in enumerate(sizes)]


def test_shares_alone_read_the_scarcest_source_once():
    assert tokens_of([Wish(share=0.7), Wish(share=0.3)], plain(1000, 60)) == pytest.approx(
        [140, 60]
    )


def test_shares_of_a_total_repeat_what_is_scarce():
    wishes = [Wish(share=0.5), Wish(share=0.5)]
    assert solve(wishes, plain(1000, 100), tokens=800, caps=[]) == [0.4, 4.0]


def test_epochs_fix_the_total_that_shares_are_of():
    wishes = [Wish(epochs=2.5), Wish(share=0.8)]
    assert tokens_of(wishes, plain(100, 10_000)) == pytest.approx([250, 1000])


def test_share_and_epochs_of_one_source_fix_the_total():
    wishes = [Wish(share=0.2, epochs=3), Wish(share=0.8)]
    assert tokens_of(wishes, plain(100, 10_000)) == pytest.approx([300, 1200])


def test_a_cap_thins_its_documents_and_changes_no_share():
    groups = [Group(0, 0, 5, 500.0), Group(0, 1, 5, 500.0), Group(1, 0, 5, 1000.0)]
    wishes = [Wish(share=0.5), Wish(share=0.5)]
    epochs = solve(wishes, groups, tokens=1000, caps=[0.1])
    parts = [e * g.tokens for e, g in zip(epochs, groups, strict=True)]
    assert parts == pytest.approx([400, 100, 500], rel=1e-6)


def test_a_cap_that_is_kept_anyway_changes_nothing():
    groups = [Group(0, 0, 5, 950.0), Group(0, 1, 5, 50.0)]
    assert solve([Wish(epochs=2)], groups, tokens=None, caps=[0.06]) == [2.0, 2.0]


@settings(max_examples=60)
@given(
    sizes=st.lists(st.tuples(*[st.integers(1, 10**6)] * 4), min_size=1, max_size=4),
    caps=st.tuples(st.floats(0.05, 0.9), st.floats(0.05, 0.9)),
)
def test_caps_hold_together_and_shares_stay(sizes, caps):
    groups = [
        Group(i, mask, 10, float(n)) for i, row in enumerate(sizes) for mask, n in enumerate(row)
    ]
    share = 1 / len(sizes)
    epochs = solve([Wish(share=share)] * len(sizes), groups, tokens=1e6, caps=caps)
    parts = [e * g.tokens for e, g in zip(epochs, groups, strict=True)]
    assert sum(parts) == pytest.approx(1e6, rel=1e-6)
    for cap, most in enumerate(caps):
        under = sum(p for p, g in zip(parts, groups, strict=True) if g.caps >> cap & 1)
        assert under <= most * 1e6 * (1 + 1e-5)


@pytest.mark.parametrize("by_tokens", [False, True])
@pytest.mark.parametrize("epochs", [0.001, 0.3, 0.999, 1.0, 2.5, 3.75])
def test_a_fraction_is_drawn_to_half_a_document(epochs, by_tokens):
    hashes = [(i * 0x9E3779B97F4A7C15) % 2**64 for i in range(1, 2001)]
    frame = pl.DataFrame(
        {"draw": hashes, "n_tokens": [1 + i % 97 for i in range(2000)], "copies": [1] * 2000},
        schema={"draw": pl.UInt64, "n_tokens": pl.Int64, "copies": pl.Int32},
    )
    total = int(frame["n_tokens"].sum())
    reading = read_group(frame.lazy(), Group(0, 0, 2000, total), epochs, by_tokens=by_tokens)
    passes = frame.with_columns(passes=reading.passes())["passes"]
    weight = frame["n_tokens"] if by_tokens else 1
    error = (passes * weight).sum() - epochs * (total if by_tokens else 2000)
    assert abs(error) <= (97 / 2 if by_tokens else 0.5)
    drawn = frame.filter(passes > int(epochs))["draw"]
    left = frame.filter(passes == int(epochs))["draw"]
    assert not len(drawn) or not len(left) or drawn.max() < left.min()
