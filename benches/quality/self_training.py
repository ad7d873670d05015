"""Self-training beside training on the labels alone, over seeds, on labelled real text.

    python benches/quality/self_training.py --data DIR [--seeds 5]

DIR holds `labelled/quality_human.parquet` (web documents that people would keep, 304 labels),
`labelled/spam_email.parquet` and `raw/*.parquet`. For each seed a part of the labels is drawn for
training, the others judge; unlabelled text is the rest of the same set where it is large enough, and
chunks of `raw` otherwise. Prints the AUC of both, their difference, and how often it helped.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import polars as pl

from refinery.scoring.text_prep import prepare
from refinery.training import parse_recipe
from refinery.training.examples import NEGATIVE, POSITIVE, Chunk, draw_key
from refinery.training.measure import auc, score_texts
from refinery.training.self_training import run_rounds
from refinery.training.trainer import fit

# Few labels: with published settings (lr 0.1, 5 epochs) such models hardly leave 0.5, and no vote
# would be confident.
RECIPE = """
input: {path: x}
positives: {path: x}
output: m.bin
fasttext: {dim: 16, bucket: 50000, lr: 0.5, epoch: 15}
self: {rounds: 2, confident: 0.8, trust: 0.6}
"""
LONGEST_WORDS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    human = pl.read_parquet(options.data / "labelled" / "quality_human.parquet")
    spam = pl.read_parquet(options.data / "labelled" / "spam_email.parquet")
    raw = raw_texts(options.data / "raw", 1500)
    compare(
        "quality_human, 150 labels, 1,500 chunks of raw", rows(human, 1), 150, raw, options.seeds
    )
    compare(
        "spam_email, 100 labels, 600 of the same set", rows(spam, "ham"), 100, None, options.seeds
    )


def rows(frame: pl.DataFrame, positive: object) -> list[tuple[bool, str]]:
    found = {
        beginning(text): label == positive for label, text in frame.select("label", "text").rows()
    }
    return [(truth, text) for text, truth in sorted(found.items()) if text]


def raw_texts(folder: Path, n: int) -> list[str]:
    frame = pl.scan_parquet(folder / "*.parquet").select("id", "text").collect()
    frame = frame.filter(pl.col("text").str.len_chars() > 400)
    chosen = sorted(frame["id"], key=lambda name: draw_key(0, "raw", name))[:n]
    return sorted(map(beginning, frame.filter(pl.col("id").is_in(chosen))["text"]))


def beginning(text: str) -> str:
    return " ".join(prepare(text).split(" ")[:LONGEST_WORDS])


def compare(
    name: str,
    known: list[tuple[bool, str]],
    n_labels: int,
    unlabelled: list[str] | None,
    seeds: int,
) -> None:
    print(f"## {name}")
    results = []
    for seed in range(seeds):
        ordered = sorted(known, key=lambda row: draw_key(seed, "split", row[1]))
        pool = unlabelled or [text for _, text in ordered[n_labels : n_labels + 600]]
        test = ordered[n_labels:] if unlabelled else ordered[n_labels + 600 :]
        results.append(once(seed, ordered[:n_labels], sorted(set(pool)), test))
        print(json.dumps({"seed": seed} | results[-1]))
    gains = [r["self_trained"] - r["supervised"] for r in results]
    spread = statistics.stdev(gains) if len(gains) > 1 else 0.0
    print(
        f"gain: mean {statistics.mean(gains):+.4f}, sd {spread:.4f}; "
        f"no worse on {sum(g >= 0 for g in gains)} of {len(gains)} seeds, worst {min(gains):+.4f}\n"
    )


def once(
    seed: int, labelled: list[tuple[bool, str]], unlabelled: list[str], test: list[tuple[bool, str]]
) -> dict[str, float]:
    truth, texts = [t for t, _ in test], [text for _, text in test]
    chunks = [
        Chunk(POSITIVE if t else NEGATIVE, text, str(i), "labelled")
        for i, (t, text) in enumerate(labelled)
    ]
    with tempfile.TemporaryDirectory() as name:
        recipe = parse_recipe(f"{RECIPE}seed: {seed}\n", folder=Path(name))
        teacher = Path(name) / "teacher.bin"
        fit(recipe, chunks, teacher, dense=True)
        before = auc(truth, score_texts(teacher, texts))
        rounds, _ = run_rounds(
            recipe, chunks, unlabelled, teacher, lambda m: auc(truth, score_texts(m, texts))
        )
    last = rounds[-1]
    return {
        "supervised": round(before, 4),
        "self_trained": round(last.auc, 4),
        "edited": last.edited,
        "untrusted": last.untrusted,
        "used": last.used,
        "test": len(test),
    }


if __name__ == "__main__":
    main()
