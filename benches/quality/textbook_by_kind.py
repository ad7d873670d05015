"""What the built-in model keeps, by kind of document.

    python benches/quality/textbook_by_kind.py --data DIR [--model FILE.ftz] [--yield 0.175]

DIR holds `raw/*.parquet` (`id`, `text`, `source`) and `raw_kinds.parquet` (`id`, `kind`). The kinds
were never used for training; documents of sources that were are counted apart, because only the
others show what the model does with text it has not seen. Kept: the best-scored documents up to
the share of the bytes.
"""

import argparse
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from refinery import _core
from refinery.scoring import read_sidecar

KEEP = [
    "textbook",
    "technical-book",
    "encyclopedia",
    "academic",
    "essay",
    "speech",
    "blog",
    "news",
    "fiction",
    "drama",
    "poetry",
    "story-simple",
    "gov-web",
    "legal-opinion",
    "legal-transcript",
    "howto",
]
DROP = [
    "spam",
    "log",
    "chat",
    "changelog",
    "boilerplate-licence",
    "boilerplate-terms",
    "web-listing",
    "gov-web-event",
    "reference-snippet",
    "model-output",
    "forum-extremist",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--yield", type=float, default=0.175, dest="share")
    options = parser.parse_args()
    import refinery

    model = options.model or Path(refinery.__file__).parent / "models" / "textbook.ftz"
    scored = score(options.data, model)
    trained_on = trained_sources(model)
    scored = scored.with_columns(
        seen=pl.col("source").is_in(trained_on), tier=pl.col("kind").map_elements(tier, pl.String)
    )
    scored = scored.with_columns(kept=kept(scored, options.share))
    print(table(scored))
    print(json.dumps(summary(scored) | sensitivity(options.data, model, scored)))


def score(data: Path, model: Path) -> pl.DataFrame:
    raw = pl.read_parquet(data / "raw" / "*.parquet", columns=["id", "text", "source"])
    kinds = pl.read_parquet(data / "raw_kinds.parquet")
    scores = pa.record_batch(_core.Model(model).predict(raw["text"].to_arrow()))
    return raw.select(
        "id",
        "source",
        n_bytes=pl.col("text").str.len_bytes(),
        score=pl.Series(scores.column("__label__hq").to_pylist(), dtype=pl.Float64),
    ).join(kinds, on="id", maintain_order="left")


def trained_sources(model: Path) -> list[str]:
    sidecar = read_sidecar(model)
    origins = sidecar.training["origins"] if sidecar else {}
    return sorted({origin.split(" ", 1)[1] for origin in origins})


def tier(kind: str) -> str:
    if kind in KEEP:
        return "keep"
    return "drop" if kind in DROP or kind.startswith("lang-") else "depends"


def kept(scored: pl.DataFrame, share: float) -> pl.Series:
    """Whether a document is among the best-scored ones that fill the share of the bytes."""
    order = scored.select(pl.struct(-pl.col("score"), "id").arg_sort()).to_series()
    filled = scored["n_bytes"].gather(order).cum_sum() <= share * scored["n_bytes"].sum()
    return pl.select(pl.lit(filled).gather(pl.lit(order).arg_sort())).to_series()


def table(scored: pl.DataFrame) -> str:
    lines = [
        "| kind | tier | documents | MB | median score | kept share of bytes | seen sources |",
        "|---|---|---|---|---|---|---|",
    ]
    merged = scored.with_columns(kind=pl.col("kind").str.replace("^lang-.*", "lang-*"))
    rows = merged.group_by("kind", "tier").agg(
        pl.len().alias("n"),
        (pl.col("n_bytes").sum() / 1e6).alias("mb"),
        pl.col("score").median().alias("median"),
        (pl.col("n_bytes").filter("kept").sum() / pl.col("n_bytes").sum()).alias("kept"),
        (pl.col("n_bytes").filter("seen").sum() / pl.col("n_bytes").sum()).alias("seen"),
    )
    for row in rows.sort("kept", "mb", descending=True).iter_rows(named=True):
        cells = (
            f"{row['mb']:.2f}",
            f"{row['median']:.3f}",
            f"{row['kept']:.1%}",
            f"{row['seen']:.0%}",
        )
        lines.append(f"| {row['kind']} | {row['tier']} | {row['n']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def summary(scored: pl.DataFrame) -> dict[str, float]:
    unseen = scored.filter(~pl.col("seen"))
    by_tier = {
        f"kept_bytes_{name}": round(
            float((part["n_bytes"] * part["kept"]).sum() / part["n_bytes"].sum()), 4
        )
        for name, part in (
            (n, scored.filter(pl.col("tier") == n)) for n in ("keep", "depends", "drop")
        )
    }
    return {
        "auc_keep_drop": auc(scored),
        "auc_keep_drop_unseen_sources": auc(unseen),
        "auc_keep_drop_unseen_sources_english": auc(
            unseen.filter(~pl.col("kind").str.starts_with("lang-"))
        ),
        "auc_textbook_rest_unseen_sources": auc(unseen, "textbook"),
        **by_tier,
    }


def sensitivity(data: Path, model: Path, scored: pl.DataFrame) -> dict[str, float]:
    """How far a change of form alone moves a document of the keep tier, in percentiles.

    Medians over 1,000 documents; and the rank correlation of score and length.
    """
    raw = pl.read_parquet(data / "raw" / "*.parquet", columns=["id", "text"])
    sample = scored.filter(pl.col("tier") == "keep").sort("id")[::7].head(1000)
    texts = sample.join(raw, on="id", maintain_order="left")["text"]
    changed = {
        "lower_case": texts.str.to_lowercase(),
        "no_punctuation": texts.str.replace_all(r"[^\w\s]+", " "),
        "no_lines": texts.str.replace_all(r"\s+", " "),
        "first_half": texts.str.head(texts.str.len_chars() // 2),
    }
    ranks = scored["score"].sort()
    before = ranks.search_sorted(sample["score"]) / len(ranks)
    found = {
        "spearman_score_length": scored.select(
            pl.corr("score", "n_bytes", method="spearman")
        ).item()
    }
    for name, column in changed.items():
        scores = pa.record_batch(_core.Model(model).predict(column.to_arrow())).column(
            "__label__hq"
        )
        after = ranks.search_sorted(pl.Series(scores.to_pylist(), dtype=pl.Float64)) / len(ranks)
        found[f"median_percentiles_moved_{name}"] = 100 * (after - before).abs().median()
    return {name: round(value, 4) for name, value in found.items()}


def auc(scored: pl.DataFrame, kind: str | None = None) -> float:
    """Documents weighted alike; keep tier against drop tier, or one kind against all others."""
    if kind is None:
        scored = scored.filter(pl.col("tier") != "depends")
    truth = scored["tier"] == "keep" if kind is None else scored["kind"] == kind
    return round(float(roc_auc_score(truth, scored["score"])), 4)


if __name__ == "__main__":
    main()
