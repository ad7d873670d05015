"""Which tweets are written in African-American English, by the demographic model of Blodgett, Green and O'Connor.

FOLDER holds the two files that its authors published and that the package olea 0.1.0 carries
(`olea/utils/twitteraae/model/`): `model_vocab.txt` (number and word a line) and
`model_count_table.txt` (counts of that word in text aligned with African-American, Hispanic, Asian and
White neighbourhoods). Their licence is not stated, so they are fetched by whoever measures.

What it is: a posterior over four language models, from words alone ("Demographic Dialectal Variation in
Social Media", EMNLP 2016; alpha 1, 5 passes). What it is not: a statement about who wrote a tweet.
"""

import re
from pathlib import Path

import numpy as np
import polars as pl

AFRICAN_AMERICAN, WHITE = 0, 3
"""Columns of the posterior."""
PASSES = 5
_NO_WORD = re.compile(r"https?://\S+|@\w+|[^\w'#]+")


def posteriors(texts: pl.Series, folder: Path) -> np.ndarray:
    """Shares of the four language models in each text, n by 4; zeros where no word is known."""
    vocabulary = (folder / "model_vocab.txt").read_text(encoding="utf-8").splitlines()
    place = {line.split(maxsplit=1)[-1].strip(): i for i, line in enumerate(vocabulary)}
    counts = np.loadtxt(folder / "model_count_table.txt")
    likelihood = (counts + 1) / counts.sum(axis=0)
    found = np.zeros((len(texts), counts.shape[1]))
    for i, text in enumerate(texts):
        known = [place[w] for w in _NO_WORD.sub(" ", text.lower()).split() if w in place]
        if known:
            found[i] = mixture(likelihood[known])
    return found


def mixture(likelihood: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Shares of a mixed-membership model, all words updated at once in each pass."""
    shares = likelihood / likelihood.sum(axis=1, keepdims=True)
    for _ in range(PASSES - 1):
        shares = likelihood * (shares.sum(axis=0) - shares + alpha)
        shares /= shares.sum(axis=1, keepdims=True)
    return shares.sum(axis=0) / len(likelihood)
