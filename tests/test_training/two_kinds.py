"""A small corpus of two kinds of text whose truth is known."""

import random

# All of five letters: a class whose words are longer is told by that alone.
GOOD = ["light", "plant", "cells", "water", "logic", "prove", "atoms", "graph", "solve", "think"]
BAD = ["cheap", "click", "offer", "deals", "prize", "hurry", "money", "spend", "bonus", "sales"]


def made_documents(n, seed=0, sources=12):
    """`n` documents, odd ones good; sources are of one kind, words of a kind are a tenth of a text."""
    draw = random.Random(seed)
    rows = []
    for i in range(n):
        words = [f"w{draw.randrange(800)}" for _ in range(draw.randrange(60, 240))]
        kind = GOOD if i % 2 else BAD
        for place in range(0, len(words), 10):
            words[place] = draw.choice(kind)
        source = f"{'good' if i % 2 else 'bad'}{i // 2 % sources}"
        rows.append({"id": f"{i:05}", "text": " ".join(words), "source": source, "truth": i % 2})
    return rows
