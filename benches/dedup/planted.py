"""A corpus with planted near duplicates, and which they are.

    python benches/dedup/planted.py --data FOLDER --out FOLDER [--megabytes 200] [--seed 17]

What it is: documents of a folder (at least 50 words), and copies of some of them: edited (0.2 to 12 %
of the words replaced), exact, cut off at the end, or with a head put before. A copy is a function of
the seed and its number alone. `part-*.parquet` holds id and text; `pairs.parquet` every pair of a
document and its copies, and of copies of one document, with the exact Jaccard similarity of their word
5-grams. What it is not: a list of all similar pairs; those that the documents brought with them are
unknown here.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from itertools import combinations, count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import polars as pl
from recall_precision import cut, edit, head, jaccard, shingles

from common.corpus import choose, content_id, write_parquet

COPIES = 0.3
"""Share of the text that copies make up."""
KINDS = {
    "edit": (edit, 60),
    "exact": (lambda text, *_: text, 22),
    "cut": (cut, 10),
    "head": (head, 8),
}
"""How each kind is made, and of a hundred copies how many are of it."""
MOST_COPIES = 4
"""Of one document, so that no cluster's size decides the figures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of *.parquet with text")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    print(json.dumps(make(options.data, options.out, options.megabytes, options.seed)))


def make(data: Path, folder: Path, megabytes: float, seed: int) -> dict[str, object]:
    """Write the corpus and its pairs; what is already there for the same request is kept."""
    facts_file, wanted = folder / "facts.json", {"megabytes": megabytes, "seed": seed}
    chosen, _ = choose(data, megabytes=megabytes * (1 - COPIES))
    originals = [text for text in chosen if len(text.split()) >= 50]
    wanted["originals"] = content_id(originals)
    if facts_file.exists():
        facts = json.loads(facts_file.read_text(encoding="utf-8"))
        if facts["wanted"] == wanted:
            return facts
    folder.mkdir(parents=True, exist_ok=True)
    texts, families = plant(originals, megabytes * 1e6, seed)
    write_parquet(texts, folder)
    pairs = pl.DataFrame(similar_pairs(texts, families), schema=["a", "b", "jaccard"], orient="row")
    pairs.write_parquet(folder / "pairs.parquet")
    facts = {
        "wanted": wanted,
        "documents": len(texts),
        "copies": len(texts) - len(originals),
        "bytes": sum(len(text.encode()) for text in texts),
        "pairs": len(pairs),
        "pairs_at_0.8": pairs.filter(pl.col("jaccard") >= 0.8).height,
    }
    facts_file.write_text(json.dumps(facts), encoding="utf-8")
    return facts


def plant(
    originals: list[str], n_bytes: float, seed: int
) -> tuple[list[str], dict[int, list[int]]]:
    """The originals followed by copies, up to `n_bytes`; of each copied one, where its copies are."""
    texts, families = list(originals), {}
    size = sum(len(text.encode()) for text in texts)
    kinds, weights = zip(*KINDS.values(), strict=True)
    for number in count():
        if size >= n_bytes or number > MOST_COPIES * len(originals):
            return texts, families
        rng = random.Random(f"{seed}/{number}")
        of, other = rng.randrange(len(originals)), rng.randrange(len(originals))
        family = families.setdefault(of, [])
        if len(family) == MOST_COPIES:
            continue
        make_copy = rng.choices(kinds, weights)[0]
        copy = make_copy(originals[of], originals[other], rng)
        family.append(len(texts))
        texts.append(copy)
        size += len(copy.encode())
    return texts, families


def similar_pairs(
    texts: list[str], families: dict[int, list[int]]
) -> Iterator[tuple[int, int, float]]:
    """Exact similarity of every pair within a family."""
    for original, copies in families.items():
        sets = {document: shingles(texts[document]) for document in (original, *copies)}
        for a, b in combinations(sets, 2):
            yield a, b, jaccard(sets[a], sets[b])


if __name__ == "__main__":
    main()
