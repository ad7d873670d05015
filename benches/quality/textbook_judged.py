"""What builtin/textbook keeps, beside a DCLM-style scorer, KL3M's metric and chance; and what moves its score.

    python benches/quality/textbook_judged.py --data DIR [--model FILE.ftz] [--json FILE] [--rival FILE.ftz]

DIR holds `raw/*.parquet` (`id`, `text`, `source`), `raw_kinds.parquet` (`id`, `kind`), `labelled/` and `evals/`.
The DCLM-style scorer is trained first (`dclm_style.train.yaml`), unless it is given. Prints shares of every
kind's tokens that are kept at five yields, AUC, rank correlations with labels, and counterfactuals.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
from form import length_correlation, shifts
from kinds import YIELDS, aucs, by_kind, shares
from labels import correlations

import refinery as rf
from refinery import _core
from refinery.scoring import read_sidecar
from refinery.training import load_recipe
from refinery.training.trainer import train

MODEL = Path(rf.__file__).parent / "models" / "textbook.ftz"
RIVAL = Path(__file__).with_name("dclm_style.train.yaml")
QUESTIONS = ["arc_challenge", "arc_easy", "boolq", "gsm8k", "openbook_qa", "piqa", "triviaqa_sub"]
GOPHER = "datatrove.gopher_quality."
# Length, words with a letter, stop words, with Gopher's bounds: before the score wherever it is recommended.
RULES = {"n_core_words": 50.0, "frac_words_with_alpha": 0.8, "n_distinct_stop_words": 2.0}
MOST_SHIFT = 5.0
MOST_LENGTH = 0.2
SAMPLE = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--rival", type=Path, help="a DCLM-style model that is there already")
    parser.add_argument("--json", type=Path, help="file of the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rival = options.rival or dclm_style(options.data, Path(folder))
        found = judge(options.data, options.model, rival)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def judge(data: Path, model: Path, rival: Path) -> dict[str, object]:
    """Everything, printed as it is found; what is returned is the record."""
    documents = annotated(data, {"textbook": str(model), "dclm_style": str(rival)})
    passing = documents.select(
        pl.all_horizontal(pl.col(GOPHER + n) >= least for n, least in RULES.items()).fill_null(
            value=False
        )
    ).to_series()
    kept = kept_shares(documents, passing)
    for share in YIELDS:
        print(f"\nper cent of each kind's tokens kept at a yield of {share:.1%}\n")
        print(markdown(by_kind(kept, share)))
    figures = about_score(data, documents, model)
    print("\n" + json.dumps(figures, indent=1))
    for problem in beyond_limits(figures):
        print(f"beyond its limit: {problem}")
    tables = {name: table.to_dicts() for name, table in kept.items()}
    return {"model": sha256(model), "documents": len(documents), "kept": tables, **figures}


def annotated(data: Path, scores: dict[str, str]) -> pl.DataFrame:
    """Id, source, kind, tokens, signals and scores of every document."""
    raw = pl.read_parquet(data / "raw" / "*.parquet", columns=["id", "text", "source"])
    families = ["datatrove/gopher_quality", "kl3m"]
    found = rf.annotate(raw, signals=families, scores=scores).drop("text")
    kinds = pl.read_parquet(data / "raw_kinds.parquet")
    return found.join(kinds, on="id", maintain_order="left")


def kept_shares(documents: pl.DataFrame, passing: pl.Series) -> dict[str, pl.DataFrame]:
    """What each scorer keeps at every yield."""
    by_chance = documents["id"].hash(17).cast(pl.Float64)
    orders = {
        "textbook": (documents["textbook"], None),
        "textbook after rules": (documents["textbook"], passing),
        "DCLM-style": (documents["dclm_style"], None),
        "KL3M metric": (-documents["kl3m.score"], None),
        "rules alone": (by_chance, passing),
        "random": (by_chance, None),
    }
    return {name: shares(documents, *order) for name, order in orders.items()}


def about_score(data: Path, documents: pl.DataFrame, model: Path) -> dict[str, object]:
    """AUC, labels, counterfactuals and length, of the model that is judged."""
    sidecar = read_sidecar(model)
    seen = [o.split(" ", 1)[1] for o in sidecar.training["origins"]] if sidecar else []
    scored = scorer(model)
    scores = documents["textbook"]
    return {
        "auc of keep against drop": {
            name: aucs(documents, column, seen)
            for name, column in {
                "textbook": scores,
                "DCLM-style": documents["dclm_style"],
                "KL3M metric": -documents["kl3m.score"],
            }.items()
        },
        "labels": correlations(data / "labelled", scored),
        "shift of the quantile, points": shifts(sampled(data, documents), scores, scored),
        "spearman with length": length_correlation(documents, scores),
    }


def sampled(data: Path, documents: pl.DataFrame) -> pl.Series:
    """Texts of a sample of English documents of 50 words or more, by a hash of the id."""
    able = (pl.col(GOPHER + "n_core_words") >= RULES["n_core_words"]) & ~pl.col(
        "kind"
    ).str.starts_with("lang-")
    ids = documents.filter(able).sort(pl.col("id").hash(5)).head(SAMPLE).select("id")
    raw = pl.read_parquet(data / "raw" / "*.parquet", columns=["id", "text"])
    return ids.join(raw, on="id", how="left", maintain_order="left")["text"]


def scorer(model: Path) -> Callable[[pl.Series], pl.Series]:
    """A function from texts to scores."""
    loaded = _core.Model(model)

    def scored(texts: pl.Series) -> pl.Series:
        columns = pa.record_batch(loaded.predict(texts.to_arrow()))
        return pl.Series(columns.column("__label__hq").to_pylist(), dtype=pl.Float64)

    return scored


def dclm_style(data: Path, folder: Path) -> Path:
    """The rival, trained: questions with their answers against the pool."""
    frames = [pl.read_parquet(data / "evals" / f"{name}.parquet") for name in QUESTIONS]
    questions = pl.concat([f.select("item", "benchmark", "question", "answer") for f in frames])
    questions.select(
        "benchmark",
        id=pl.concat_str("benchmark", pl.lit(" "), pl.col("item").cast(pl.String)),
        text=pl.concat_str("question", pl.lit("\n"), "answer"),
    ).unique("id", maintain_order=True).write_parquet(folder / "questions.parquet")
    raw = (data / "raw").resolve()
    changes = [f"input[0].path={raw}/*.parquet", f"output={folder}/dclm_style.ftz",
               f"positives[0].path={folder}/questions.parquet"]  # fmt: skip
    return train(load_recipe(RIVAL, changes)).model


def beyond_limits(figures: dict) -> list[str]:
    """What moves a score though it should not, beyond what is allowed."""
    moved = figures["shift of the quantile, points"]
    asked = ("lower case", "lines joined", "headings stripped")
    said = [
        f"{name}: median shift {moved[name]['median']} points"
        for name in asked
        if moved[name]["median"] > MOST_SHIFT
    ]
    length = figures["spearman with length"]["all"]
    return [*said, f"score against length: {length}"] if abs(length) > MOST_LENGTH else said


def markdown(table: pl.DataFrame) -> str:
    lines = [f"| {' | '.join(table.columns)} |", "|---" * len(table.columns) + "|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in table.iter_rows()]
    return "\n".join(lines)


def sha256(path: Path) -> str:

    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
