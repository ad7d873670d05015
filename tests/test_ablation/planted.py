"""A corpus whose good part is known, and an ablation file for it."""

import random

import polars as pl

WORDS = [a + b for a in ("ba", "de", "fi", "go", "lu", "mo") for b in ("n", "rt", "sk", "ll", "mp")]
FILTER = "datatrove.gopher_quality.frac_words_with_alpha"


def prose(draw, words, n=60):
    weights = [1 / (i + 1) for i in range(len(words))]
    sentences = [
        " ".join(draw.choices(words, weights, k=8)).capitalize() + "." for _ in range(n // 8)
    ]
    return " ".join(sentences)


def junk(draw, n=60):
    return " ".join(f"{draw.randrange(10**6)}" for _ in range(n))


def write_ablation(root):
    """pool.jsonl: two in five documents are prose; six works near it, six of other words, six junk."""
    draw = random.Random(7)
    texts = [prose(draw, WORDS) if i % 5 < 2 else junk(draw) for i in range(500)]
    rows = [{"id": f"d{i}", "text": text} for i, text in enumerate(texts)]
    pl.DataFrame(rows).write_ndjson(root / "pool.jsonl")
    other = [*WORDS[::2], *(word[::-1] for word in WORDS[::3])]
    made = {
        "near": lambda: prose(draw, WORDS),
        "far": lambda: prose(draw, other),
        "avoid": lambda: junk(draw),
    }
    for family, make in made.items():
        works = [{"id": f"{family}{i}", "work": str(i % 6), "text": make()} for i in range(36)]
        pl.DataFrame(works).write_parquet(root / f"{family}.parquet")
    families = "".join(f"  {f}: [{{path: {f}.parquet, by: work}}]\n" for f in made)
    (root / "ablation.yaml").write_text(
        "pool: {input: {path: pool.jsonl, id: id}, decide: [exact_duplicates], scores: [], held_out: 30kB}\n"
        f"filter: {FILTER}\nfamilies:\n{families}"
        "work_bytes: 2kB\nyields: [0.4, 0.2]\nmain_yield: 0.2\nseeds: 5\nsweep_seeds: 2\n"
        "tokenizer: {vocabulary: 300}\nngram: {order: 3}\noutput: {path: out/}\n"
        "arms: [random, random_again, length_matched, top, sample, ppl_low, oracle, inverse, quota, {kind: rules, rules: {n_words: {min: 3}}}]\n"
    )
    return root
