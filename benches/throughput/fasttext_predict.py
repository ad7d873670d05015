"""Our fastText inference beside the reference library's: same model, same text, one thread.

Times are CPU time of the one thread, so that other work on the machine does not count. Both models are loaded before the clock starts, the numbers are checked equal before times are
compared, and the two sides take turns. The reference is called once for all documents, which is
its fastest way. Prints one JSON object a model.

    python benches/throughput/fasttext_predict.py --data DIR [--megabytes 20] [--repeats 5]

DIR is a folder of Parquet files with a column `text`.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import fasttext
import pyarrow as pa
import pyarrow.parquet as pq

from refinery import _core
from refinery.scoring.text_prep import training_line
from refinery.scoring.train import run_library

MODELS = {
    "bigrams, dim 100": {"dim": 100, "wordNgrams": 2, "minCount": 3},
    "bigrams, dim 16": {"dim": 16, "wordNgrams": 2, "minCount": 3},
    "bigrams, dim 16, quantised": {"dim": 16, "wordNgrams": 2, "minCount": 3, "bucket": 200_000},
    "characters 2 to 4, dim 16": {
        "dim": 16,
        "minn": 2,
        "maxn": 4,
        "minCount": 3,
        "bucket": 200_000,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    texts = read_texts(options.data, options.megabytes * 1e6)
    lines = [training_line("ab"[i % 2], text) for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in MODELS.items():
            path = Path(folder) / "model.ftz"
            quantisation = {"qnorm": False} if "quantised" in name else None
            run_library(lines, path, {"epoch": 1} | settings, quantisation)
            print(json.dumps({"model": name, **compare(path, texts, options.repeats)}))


def read_texts(folder: Path, n_bytes: float) -> list[str]:
    texts: list[str] = []
    for path in sorted(folder.glob("*.parquet")):
        for text in pq.read_table(path, columns=["text"])["text"].to_pylist():
            if n_bytes <= 0:
                return texts
            texts.append(text)
            n_bytes -= len(text.encode())
    return texts


def compare(path: Path, texts: list[str], repeats: int) -> dict[str, object]:
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    theirs, ours = fasttext.load_model(str(path)), _core.Model(path)
    one_line = [text.replace("\n", " ") for text in texts]
    column = pa.array(texts, pa.large_string())
    pool = _core.ThreadPool(1)
    speeds: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(repeats):
        start = time.process_time()
        scores = pa.record_batch(ours.predict(column, pool))
        middle = time.process_time()
        labels, probabilities = theirs.predict(one_line, k=-1)
        end = time.process_time()
        speeds["ours"].append(megabytes / (middle - start))
        speeds["reference"].append(megabytes / (end - middle))
    difference = largest_difference(scores, labels, probabilities)
    if difference > 1e-6:
        msg = f"the two sides differ by {difference}"
        raise SystemExit(msg)
    return {
        "megabytes": round(megabytes, 2),
        "documents": len(texts),
        "largest_difference": difference,
        **{side: spread(values) for side, values in speeds.items()},
        "ratio_of_medians": round(
            statistics.median(speeds["ours"]) / statistics.median(speeds["reference"]), 2
        ),
    }


def spread(values: list[float]) -> dict[str, float]:
    names = ("median_mb_per_s", "min", "max")
    numbers = (statistics.median(values), min(values), max(values))
    return dict(zip(names, (round(n, 1) for n in numbers), strict=True))


def largest_difference(scores: pa.RecordBatch, labels: list, probabilities: list) -> float:
    rows = zip(scores.to_pylist(), labels, probabilities, strict=True)
    return max(
        abs(row[label] - float(probability))
        for row, found, values in rows
        for label, probability in zip(found, values, strict=True)
    )


if __name__ == "__main__":
    main()
