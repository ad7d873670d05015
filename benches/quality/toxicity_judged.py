"""The built-in toxicity score on labelled sets that it was not trained on, and where it alarms falsely.

    python benches/quality/toxicity_judged.py --data DIR [--model FILE.ftz] [--json FILE] [--dialect DIR]

DIR holds `labelled/toxicity_{comments,forum,tweets}.parquet` (`text`, `label`), the word list
`labelled/word_list_ldnoobw.parquet` (`word`, `lang`), `raw/*.parquet` and `raw_kinds.parquet`. None of
the three sets, and no kind, was trained on. Beside the score stands the share of listed words.

Three operating points, one threshold each for all sets: where the model catches as many toxic texts
as any listed word does, half of them, and four fifths (the mean of the three sets' recalls). A false
alarm is a text at or above the threshold whose label says that it is not toxic; for documents of a
kind, a chunk of 40 words, of which some are rightly flagged: nobody labelled them.
"""

import argparse
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tweet_dialect import AFRICAN_AMERICAN, WHITE, posteriors

import refinery as rf
from refinery.scoring import read_sidecar
from refinery.training.measure import auc, score_texts

SETS = {"comments": ["Toxic"], "forum": ["hate"], "tweets": ["hate", "offensive"]}
UNCLEAR = ["relation", "idk/skip"]
RECALLS = (0.5, 0.8)
RESAMPLES = 1000
CHUNK_WORDS = 40
MOST_CHUNKS = 20_000
KINDS = ("drama", "speech", "legal-transcript", "encyclopedia", "news", "fiction", "review", "email", "textbook")  # fmt: skip
# Spellings and grammar that descriptions of African-American English name (aspectual be and done,
# finna, tryna, bouta, th as d or f, dropped g), less those that the made-up sentences of the recipe hold.
DIALECT = {
    "markers in the recipe": r"\b(ain'?t|finna|tryna|dat|wit|ima|yall|deadass|bruh|been \w+in[g'])\b|\b(she|he|they|we|u) be \w+in",
    "markers not in the recipe": r"\b(bouta|boutta|talmbout|iont|ion|gon|dis|dem|dey|wassup|sumn|nun|errbody|mane|finsta|cuz|nah|imma|lemme|outta|dawg|fam|mfs?)\b",
}
QUOTED = r"[\"'\u2018\u2019\u201c\u201d]\w"
IDENTITY = (
    r"(?i)\b(black|white|jew|jewish|muslim|islamic|arab|mexican|hispanic|latino|asian|chinese|indian|african|"
    r"negro|gay|lesbian|homosexual|transgender|woman|women|girl|immigrant|refugee|christian|catholic|hindu|turk|gypsy)(e?s)?\b"
)


@dataclass(frozen=True)
class Judged:
    """One set: texts, what is true, what the model and the word list say."""

    texts: pl.Series
    truth: np.ndarray
    score: np.ndarray
    listed: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--dialect", type=Path, default=None, help="see tweet_dialect.py")
    options = parser.parse_args()
    model = options.model or Path(rf.__file__).parent / "models" / "toxicity.ftz"
    sets = {name: judged(options.data, name, model) for name in SETS}
    points = operating_points(sets)
    record = {
        "model_sha256": read_sidecar(model).sha256,
        "sets": {name: figures(found) for name, found in sets.items()},
        "points": {name: recalls(sets, at) for name, at in points.items()},
        "slices": slices(sets, points) + by_dialect(sets["tweets"], points, options.dialect),
        "kinds": kinds(options.data, model, points),
    }
    print(sets_table(record), points_table(record), slices_table(record), sep="\n\n")
    if options.json is not None:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def judged(data: Path, name: str, model: Path) -> Judged:
    frame = pl.read_parquet(data / "labelled" / f"toxicity_{name}.parquet")
    frame = frame.filter(~pl.col("label").is_in(UNCLEAR))
    return Judged(
        frame["text"],
        frame["label"].is_in(SETS[name]).to_numpy(),
        score_texts(model, frame["text"].to_list()),
        share_of_listed(frame["text"], data),
    )


def share_of_listed(texts: pl.Series, data: Path) -> np.ndarray:
    """Listed words, as C4 finds them, by words."""
    words = pl.read_parquet(data / "labelled" / "word_list_ldnoobw.parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "en"
        path.write_text("\n".join(words.filter(pl.col("lang") == "en")["word"]), encoding="utf-8")
        found = texts.to_frame("t").select(rf.bad_words("t", path).struct.unnest())
    counts = found["datatrove.c4_badwords.bad_word_count" if False else found.columns[0]]
    n_words = texts.str.split(" ").list.len()
    return (counts / n_words).to_numpy()


def figures(found: Judged) -> dict[str, Any]:
    """AUC of both with 95 % intervals, and of their difference, over the same resamples."""
    draw = np.random.default_rng(0)
    n = len(found.truth)
    pairs = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, n, n)
        truth = found.truth[rows]
        pairs.append((auc(truth, found.score[rows]), auc(truth, found.listed[rows])))
    resampled = np.array(pairs)
    model, listed = auc(found.truth, found.score), auc(found.truth, found.listed)
    return {
        "texts": n,
        "toxic": int(found.truth.sum()),
        "auc": with_interval(model, resampled[:, 0]),
        "auc_word_list": with_interval(listed, resampled[:, 1]),
        "difference": with_interval(model - listed, resampled[:, 0] - resampled[:, 1]),
    }


def with_interval(value: float, resampled: np.ndarray) -> list[float]:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return [round(float(x), 4) for x in (value, low, high)]


def operating_points(sets: dict[str, Judged]) -> dict[str, float]:
    """Thresholds by the mean recall of the sets that they give."""
    any_listed = float(np.mean([(s.listed > 0)[s.truth].mean() for s in sets.values()]))
    wanted = {"as many as the word list": any_listed}
    wanted |= {f"{share:.0%} of the toxic": share for share in RECALLS}
    return {name: threshold(sets, share) for name, share in wanted.items()}


def threshold(sets: dict[str, Judged], recall: float) -> float:
    """The highest score at which the mean recall is reached, each set counting alike."""
    toxic = [s.score[s.truth] for s in sets.values()]
    scores = np.concatenate(toxic)
    weights = np.concatenate([np.full(len(t), 1 / len(t) / len(toxic)) for t in toxic])
    order = np.argsort(-scores, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order]), recall - 1e-9))
    return float(scores[order][min(place, len(scores) - 1)])


def recalls(sets: dict[str, Judged], at: float) -> dict[str, Any]:
    """Share of toxic texts caught, and of others alarmed at, by set."""
    return {"threshold": round(at, 4)} | {
        name: [rate((s.score >= at)[s.truth]), rate((s.score >= at)[~s.truth])]
        for name, s in sets.items()
    }


def rate(flagged: np.ndarray) -> float:
    return round(float(flagged.mean()), 4) if len(flagged) else float("nan")


def slices(sets: dict[str, Judged], points: dict[str, float]) -> list[dict[str, Any]]:
    """False alarms among texts that are labelled as not toxic, beside those of the rest of the set."""
    rows = []
    for name, found in sets.items():
        lower = found.texts.str.to_lowercase()
        masks = {"all": np.ones(len(lower), bool), "a listed word": found.listed > 0}
        masks["an identity word"] = has(lower, IDENTITY)
        if name == "tweets":
            masks |= {kind: has(lower, pattern) for kind, pattern in DIALECT.items()}
            every = np.any([has(lower, pattern) for pattern in DIALECT.values()], axis=0)
            masks["no marker, no listed word"] = ~every & (found.listed == 0)
            marked = every & (found.listed == 0)
            masks["a marker, no listed word"] = marked
        masks["a listed word in quotation marks"] = (found.listed > 0) & has(lower, QUOTED)
        rows += [slice_row(f"{name}, {kind}", found, mask, points) for kind, mask in masks.items()]
    return rows


def by_dialect(
    found: Judged, points: dict[str, float], folder: Path | None
) -> list[dict[str, Any]]:
    """False alarms among tweets most like a dialect, with and without a listed word."""
    if folder is None:
        return []
    shares = posteriors(found.texts, folder)
    rows = []
    for kind, column in (("African-American", AFRICAN_AMERICAN), ("White", WHITE)):
        aligned = (shares.argmax(axis=1) == column) & (shares.sum(axis=1) > 0)
        for more, mask in (("", aligned), (", no listed word", aligned & (found.listed == 0))):
            name = f"tweets, most like {kind} English{more}"
            rows.append(slice_row(name, found, mask, points))
    return rows


def has(texts: pl.Series, pattern: str) -> np.ndarray:
    expression = re.compile(pattern)
    return np.array([expression.search(text) is not None for text in texts])


def slice_row(
    name: str, found: Judged, mask: np.ndarray, points: dict[str, float]
) -> dict[str, Any]:
    chosen = mask & ~found.truth
    alarms = {point: rate(found.score[chosen] >= at) for point, at in points.items()}
    return {
        "slice": name,
        "texts": int(chosen.sum()),
        "word_list": rate(found.listed[chosen] > 0),
        **alarms,
    }


def kinds(data: Path, model: Path, points: dict[str, float]) -> list[dict[str, Any]]:
    """Share of chunks flagged, by kind; sources that gave training text are counted apart."""
    raw = pl.read_parquet(data / "raw" / "*.parquet", columns=["id", "text", "source"])
    raw = raw.join(pl.read_parquet(data / "raw_kinds.parquet"), on="id")
    origins = read_sidecar(model).training["origins"]
    seen = {origin.split(" ", 1)[1] for origin in origins}
    rows = []
    for kind in KINDS:
        chosen = raw.filter(pl.col("kind") == kind).sort("id")
        for is_seen in (False, True):
            part = chosen.filter(pl.col("source").is_in(sorted(seen)) == is_seen)
            chunks = chunks_of(part["text"])
            if chunks:
                texts = pl.Series("t", chunks)
                scores, listed = score_texts(model, chunks), share_of_listed(texts, data)
                nobody = np.zeros(len(chunks), bool)
                found = Judged(texts, nobody, scores, listed)
                name = f"{kind}{', a source trained on' if is_seen else ''}"
                rows.append(slice_row(name, found, ~nobody, points))
                if not is_seen:
                    quoted = (listed > 0) & has(texts, QUOTED)
                    rows.append(slice_row(f"{name}, a listed word beside quotation marks", found, quoted, points))  # fmt: skip
    return rows


def chunks_of(texts: pl.Series) -> list[str]:
    """Consecutive pieces of 40 words, evenly taken where there are many."""
    pieces = []
    for text in texts:
        words = text.split()
        starts = range(0, max(1, len(words) - CHUNK_WORDS // 2), CHUNK_WORDS)
        pieces += [" ".join(words[i : i + CHUNK_WORDS]) for i in starts]
    return pieces[:: 1 + len(pieces) // MOST_CHUNKS]


def sets_table(record: dict[str, Any]) -> str:
    lines = ["| set | texts | toxic | AUC | word list | difference |", "|---|---|---|---|---|---|"]
    for name, row in record["sets"].items():
        cells = (shown(row[key]) for key in ("auc", "auc_word_list", "difference"))
        lines.append(f"| {name} | {row['texts']} | {row['toxic']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(interval: list[float]) -> str:
    value, low, high = interval
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def points_table(record: dict[str, Any]) -> str:
    lines = ["| point | threshold | recall / false alarms: " + " | ".join(SETS) + " |", "|---|---|" + "---|" * len(SETS)]  # fmt: skip
    for name, row in record["points"].items():
        cells = (f"{row[s][0]:.1%} / {row[s][1]:.1%}" for s in SETS)
        lines.append(f"| {name} | {row['threshold']:.4f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def slices_table(record: dict[str, Any]) -> str:
    points = list(record["points"])
    lines = [
        f"| not toxic | texts | any listed word | {' | '.join(points)} |",
        "|---|---|---|" + "---|" * len(points),
    ]
    for row in record["slices"] + record["kinds"]:
        cells = (f"{row[key]:.1%}" for key in ("word_list", *points))
        lines.append(f"| {row['slice']} | {row['texts']} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
