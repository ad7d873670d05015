"""The best documents that also differ from each other."""

import random
import struct

import polars as pl
import pytest

import refinery as rf

N_CLUSTERS, N_OF_EACH = 25, 8


@pytest.fixture(scope="module")
def frame():
    """Clusters of texts that share a third of their words; one has no word at all."""
    draw = random.Random(4)
    rows = []
    for cluster in range(N_CLUSTERS):
        shared = [f"topic{cluster}word{i}" for i in range(60)]
        for i in range(N_OF_EACH):
            own = [f"own{draw.getrandbits(40)}" for _ in range(draw.choice([4, 60]))]
            text = " ".join([*shared, *own])
            # Whole clusters are better than others, so the best alone are of few of them.
            score = cluster / N_CLUSTERS + draw.random() / 10
            rows.append({"id": f"{i}-{cluster}", "cluster": cluster, "text": text, "good": score})
    rows.append({"id": "no word", "cluster": -1, "text": "...", "good": 9.0})
    return pl.DataFrame(rows)


def curated(frame, k, floor=0.2):
    options = {"documents": k, "diverse": True, "floor": floor}
    return frame.refinery.select("good", id="id", **options)


def similarity(a, b):
    values = [struct.unpack("<112I", signature) for signature in (a, b)]
    return sum(x == y for x, y in zip(*values, strict=True)) / 112


def test_exactly_k_different_documents_of_more_clusters_than_the_best_alone(frame):
    chosen = curated(frame, 20)
    signed = chosen.with_columns(s=rf.minhash("text"))["s"].to_list()
    pairs = [similarity(a, b) for i, a in enumerate(signed) for b in signed[:i]]
    assert len(chosen) == 20
    assert max(pairs) < 0.5
    best_alone = frame.filter(pl.col("cluster") >= 0).sort("good").tail(20)
    at_random = frame.sample(20, seed=1)["cluster"].n_unique()
    covered = chosen["cluster"].n_unique()
    assert covered > best_alone["cluster"].n_unique()
    assert covered >= at_random


def test_the_floor_holds_and_all_there_are_is_what_is_given(frame):
    chosen = curated(frame, 10_000, floor=0.9)
    assert 0 < len(chosen) < 21
    assert chosen["good"].min() >= frame["good"].quantile(0.89)
    assert "no word" not in chosen["id"]


def test_order_changes_nothing(frame):
    found = curated(frame.sample(fraction=1, shuffle=True, seed=3), 20)
    assert set(found["id"]) == set(curated(frame, 20)["id"])


def test_a_run_makes_the_signatures_itself(frame):
    pipeline = rf.Pipeline.build(id="id").select(
        {"lowest": "n_chars"}, documents=12, diverse=True, floor=0.0
    )
    refined = pipeline.run_frame(frame.drop("good", "cluster"))
    assert refined.ledger["documents"] | {"dropped": {}} == {
        "in": 201, "kept": 12, "dropped": {}, "edited": 0, "quarantined": 0,
    }  # fmt: skip
    assert "minhash" in refined.annotated.columns
