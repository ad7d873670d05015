"""Our fastText inference beside the reference library's: same model, same text, one thread.

    python benches/throughput/fasttext_predict.py --data FOLDER [--megabytes 20] [--repeats 5]

Times are CPU time of the one thread, so that other work on the machine does not count. Both models are
loaded before the clock starts, the numbers are checked equal before times are shown, and the two sides
take turns. The reference is called once for all documents, which is its fastest way. Trained by one
thread, a model has rows of zeros, which ours skips; one model has none. CPU time and memory of
loading are of one load each.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fasttext
import pyarrow as pa

from common.command import deliver, name_of_data, parser
from common.corpus import prepare
from common.figures import spread
from common.record import versions
from refinery import _core
from refinery.scoring.text_prep import training_line
from refinery.scoring.train import run_library

FILLED = "bigrams, dim 100, no row of zeros"
"""Trained by ten threads: fewer leave rows as the memory was."""
MODELS = {
    "bigrams, dim 100": {"dim": 100, "wordNgrams": 2, "minCount": 3},
    FILLED: {"dim": 100, "wordNgrams": 2, "minCount": 3},
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
    options = parser(__doc__, megabytes=20).parse_args()
    corpus = prepare(options.data, options.work / "scoring", megabytes=options.megabytes)
    texts = corpus.texts()
    lines = [training_line("ab"[i % 2], text) for i, text in enumerate(texts)]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in MODELS.items():
            path = Path(folder) / "model.ftz"
            quantisation = {"qnorm": False} if "quantised" in name else None
            run_library(lines, path, {"epoch": 1} | settings, quantisation)
            if name == FILLED:
                train_by_ten_threads(path, settings)
            found[name] = compare(path, texts, options.repeats)
            print(json.dumps({"model": name, **found[name]}), flush=True)
    section = {
        "versions": versions("fasttext-numpy2"),
        "corpus": corpus.facts(name_of_data(options)),
        "models": found,
    }
    deliver("scoring", section, options)


def train_by_ten_threads(path: Path, settings: dict[str, int]) -> None:
    """Write the model anew, from the lines that are beside it."""
    lines = str(path.with_name("training.txt"))
    model = fasttext.train_supervised(lines, epoch=1, thread=10, verbose=0, **settings)
    model.save_model(str(path))


def compare(path: Path, texts: list[str], repeats: int) -> dict[str, object]:
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    start = time.process_time()
    ours = _core.Model(path)
    middle = time.process_time()
    theirs = fasttext.load_model(str(path))
    load = {"ours": middle - start, "reference": time.process_time() - middle}
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
    found = {f"{side}_mb_per_cpu_s": spread(values, 1) for side, values in speeds.items()}
    medians = [rates["median"] for rates in found.values()]
    return {
        **found,
        "largest_difference": difference,
        "times_faster": round(medians[0] / medians[1], 2),
        "load_cpu_s": {side: round(seconds, 3) for side, seconds in load.items()},
        "file_bytes": path.stat().st_size,
        "bytes_in_memory": ours.n_bytes,
    }


def largest_difference(scores: pa.RecordBatch, labels: list, probabilities: list) -> float:
    rows = zip(scores.to_pylist(), labels, probabilities, strict=True)
    return max(
        abs(row[label] - float(probability))
        for row, found, values in rows
        for label, probability in zip(found, values, strict=True)
    )


if __name__ == "__main__":
    main()
