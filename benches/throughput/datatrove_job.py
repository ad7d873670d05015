"""The whole job in datatrove 0.10: Parquet text in, filtered and deduplicated Parquet out.

What it is: the rival's half of `run.py`, run by the rival's own Python. Filters and their order are
FineWeb's (Gopher repetition, Gopher quality, C4 without the terminal-punctuation rule, FineWeb
quality), then a fastText classifier, then MinHash 14 x 8 in its four stages. Every step has the
project's defaults except where a comment says otherwise. What it is not: a judge; it prints one line
of JSON with what it took and what came out, and `run.py` compares.

It needs no network: English words and sentences come from a blank spaCy pipeline, which has no
data files, and the classifier is a local file. The offline switch makes sure of it.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import multiprocess.forkserver
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.io import cached_asset_path_or_download
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FastTextClassifierFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

MINHASH = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)


def main() -> None:
    options = parse_arguments()
    shutil.rmtree(options.out, ignore_errors=True)
    # datatrove reads a model through a cache of copies: filled before the clock starts, and kept in
    # our folder, named by the caller after the model's content (its own key is the path alone).
    os.environ["HF_ASSETS_CACHE"] = str(options.cache)
    warm_model_cache(options.model)
    started, cpu_before = time.perf_counter(), cpu_seconds()
    stages = run_stages(options)
    stop_fork_server()
    report = {
        "wall_s": round(time.perf_counter() - started, 3),
        "cpu_s": round(cpu_seconds() - cpu_before, 3),
        "largest_process_rss_bytes": peak_rss_bytes(),
        "workers": options.workers,
        "stages_s": stages,
        "in": count_text(options.corpus),
        "after_filters": count_text(options.out / "filtered"),
        "out": count_text(options.out / "kept"),
        "dropped": dropped_by_step(options.out / "logs" / "filter" / "stats.json"),
    }
    print(json.dumps(report))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder of *.parquet: id, text")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; emptied first")
    parser.add_argument("--model", type=Path, required=True, help="fastText .bin with the label")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the model's copy")
    parser.add_argument("--label", default="hq", help="label to keep, without its prefix")
    parser.add_argument("--threshold", type=float, default=0.3, help="least score of the label")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    options.cache = options.cache.absolute()
    return options


def warm_model_cache(model: Path) -> None:
    cached_asset_path_or_download(
        str(model), namespace="filters", subfolder="fasttext", desc="fast-text model"
    )


def run_stages(options: argparse.Namespace) -> dict[str, float]:
    """Run the stages one after the other; seconds of each."""
    seconds = {}
    for name, pipeline, tasks in stages_of(options):
        started = time.perf_counter()
        LocalPipelineExecutor(
            pipeline,
            tasks=tasks,
            workers=options.workers,
            logging_dir=str(options.out / "logs" / name),
        ).run()
        seconds[name] = round(time.perf_counter() - started, 3)
    return seconds


def stages_of(options: argparse.Namespace) -> list[tuple[str, list[PipelineStep], int]]:
    """Give (name, pipeline, tasks). One task per worker: each task loads the classifier anew."""
    out = options.out
    filtered, signatures, pairs, removals = (
        str(out / name) for name in ("filtered", "signatures", "pairs", "removals")
    )
    return [
        ("filter", [*filters(options), write_parquet(filtered)], options.workers),
        (
            "signature",
            [ParquetReader(filtered), MinhashDedupSignature(signatures, config=MINHASH)],
            options.workers,
        ),
        ("buckets", [MinhashDedupBuckets(signatures, pairs, config=MINHASH)], MINHASH.num_buckets),
        ("cluster", [MinhashDedupCluster(pairs, removals, config=MINHASH)], 1),
        (
            "write",
            [
                ParquetReader(filtered),
                MinhashDedupFilter(removals),
                write_parquet(str(out / "kept")),
            ],
            options.workers,
        ),
    ]


def filters(options: argparse.Namespace) -> list[PipelineStep]:
    return [
        ParquetReader(str(options.corpus), glob_pattern="*.parquet"),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        # As FineWeb runs it.
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
        # Line ends become spaces: the default joins the words across them, which no one trains for.
        FastTextClassifierFilter(
            str(options.model),
            keep_labels=(options.label, options.threshold),
            save_labels_in_metadata=False,
            newline_replacement=" ",
        ),
    ]


def write_parquet(folder: str) -> ParquetWriter:
    return ParquetWriter(folder, compression="zstd")


def stop_fork_server() -> None:
    # Workers are children of multiprocess' fork server. Until that is stopped and waited for, their
    # CPU time is in nobody's account.
    multiprocess.forkserver._forkserver._stop()


def cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_rss_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    whos = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whos) * unit


def count_text(folder: Path) -> dict[str, int]:
    """Documents and UTF-8 bytes of the text column, read from the files themselves."""
    count = {"documents": 0, "bytes": 0}
    for path in sorted(folder.glob("*.parquet")):
        text = pq.read_table(path, columns=["text"])["text"]
        count["documents"] += len(text)
        count["bytes"] += pc.sum(pc.binary_length(text)).as_py() or 0
    return count


def dropped_by_step(stats_file: Path) -> dict[str, dict[str, int]]:
    """Documents that each filter dropped, and its reasons, from datatrove's own statistics."""
    steps = json.loads(stats_file.read_text(encoding="utf-8"))
    return {
        step["name"]: {
            name.removeprefix("dropped_"): value if isinstance(value, int) else value["total"]
            for name, value in step["stats"].items()
            if name.startswith("dropped")
        }
        for step in steps
        if "dropped" in step["stats"]
    }


if __name__ == "__main__":
    main()
