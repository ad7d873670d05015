"""Sample, label, train, score with a labeller that is wrong for one document in five.

    python benches/quality/label_loop.py --data DIR [--labels 2000] [--noise 0.2]

DIR holds `raw/*.parquet` (`id`, `text`, `source`). The stub labeller knows a rule by source: open
textbooks, an encyclopaedia, speeches and classic fiction are good, the rest is not; a hash of the
document decides where it errs. The classifier sees 2,000 of its labels through the ordinary files;
it is judged by the rule itself on all documents that were not sampled. Trained twice: the files
must be equal.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from refinery.labelling import Answer, Outcome, Sampled, parse_labelling
from refinery.labelling.run import label_sample
from refinery.labelling.sampling import draw_sample
from refinery.training import parse_recipe
from refinery.training.examples import draw_key
from refinery.training.measure import auc, score_texts
from refinery.training.trainer import train

GOOD = ("openstax/", "piskvorky/gensim", "stdlib-js/datasets-sotu", "mlschmitt/", "OpenLogicProject/", "d2l-ai/")  # fmt: skip


def is_good(source: str | None) -> bool:
    return str(source).startswith(GOOD)


class StubLabeller:
    """4 for good and 1 for the rest, the other way round for a share of the documents."""

    name = "stub"

    def __init__(self, noise: float) -> None:
        self._noise = noise

    def label(self, documents: list[Sampled], note: Callable[[str], object]) -> Outcome:
        note(f"a stub labels {len(documents)} documents")

        def answer(document: Sampled) -> Answer:
            errs = draw_key(0, "noise", document.id) < self._noise * 2**64
            return Answer(document.id, 4 if is_good(document.source) != errs else 1, "stub")

        return Outcome(answers=[answer(document) for document in documents])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", type=int, default=2000)
    parser.add_argument("--noise", type=float, default=0.2)
    options = parser.parse_args()
    raw = (options.data / "raw").resolve()
    pool = f"input: {{path: '{raw}/*.parquet', id: id, source: source}}\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labelling = parse_labelling(
            f"{pool}output: .\nsample: {{documents: {options.labels}, allocation: proportional}}\n"
            "labellers: {name: anna, file: a.csv}\n",
            folder=folder,
        )
        sample = draw_sample(labelling)
        report = label_sample(sample, [StubLabeller(options.noise)], "stub@1", folder)
        given = pl.read_parquet(report.labels)
        wrong = (given["label"] >= 3) != given["source"].map_elements(is_good, pl.Boolean)
        recipe = parse_recipe(
            f"output: m.bin\npositives: {{labels: {report.labels.name}, min: 3}}\n"
            f"negatives: {{labels: {report.labels.name}, max: 2}}\nsplit: {{by: document}}\n"
            "chunks: {words: [30, 400]}\nfasttext: {dim: 16, bucket: 200000}\n",
            folder=folder,
        )
        hashes = {train(recipe).sidecar.sha256 for _ in range(2)}
        found = judged(raw, folder / "m.bin", {document.id for document in sample})
    print(
        json.dumps(
            {
                "labels": len(given),
                "wrong_labels": int(wrong.sum()),
                "held_out_documents": found[1],
                "auc": round(found[0], 4),
                "same_file_twice": len(hashes) == 1,
            }
        )
    )


def judged(raw: Path, model: Path, sampled: set[str]) -> tuple[float, int]:
    """AUC by the rule over the documents that were not sampled, and how many they are."""
    frame = pl.read_parquet(raw / "*.parquet", columns=["id", "text", "source"])
    rest = frame.filter(~pl.col("id").is_in(sorted(sampled)))
    rest = rest.filter(pl.col("text").str.count_matches(r"\S+") >= 30)
    truth = [is_good(source) for source in rest["source"]]
    return auc(truth, score_texts(model, rest["text"].to_list())), len(rest)


if __name__ == "__main__":
    main()
