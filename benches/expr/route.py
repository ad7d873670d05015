"""The expression route beside the batch route: the same kernels, called by Polars or directly.

Usage: python benches/expr/route.py FOLDER [--repeats N]

FOLDER holds Parquet shards with a `text` column. Both routes compute the same columns of texts that
are in memory already; the results are compared before the times. Repeats alternate, so that what
else the machine does meets both. Prints wall and processor seconds (of all threads) and the median
ratio of each to the batch route's.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import polars as pl
import pyarrow as pa

import refinery as rf
from refinery import _core
from refinery.signal_table import canonical

PROFILES = ["datatrove/gopher_quality", "datatrove/gopher_repetition", "datatrove/fineweb_quality"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, help="the first so many shards only")
    options = parser.parse_args()
    frame = pl.read_parquet(
        sorted(options.folder.glob("*.parquet"))[: options.files], columns=["text"]
    )
    texts = frame["text"].to_arrow(compat_level=pl.CompatLevel.newest())
    families = [canonical(name) for name in PROFILES]
    compiled = _core.Pass(families=families)
    pool = _core.ThreadPool(len(os.sched_getaffinity(0)))

    def batch() -> pa.RecordBatch:
        return pa.record_batch(compiled.run(texts, pool))

    expression = rf.signals("text", PROFILES)

    def eager() -> pl.DataFrame:
        return frame.select(expression)

    def streaming() -> pl.DataFrame:
        return frame.lazy().select(expression).collect(engine="streaming")

    expected = pl.DataFrame(pl.from_arrow(batch()))
    routes = {"batch": batch, "eager": eager, "streaming": streaming}
    for name in ("eager", "streaming"):
        if not routes[name]().unnest("signals").equals(expected):
            message = f"the {name} route gives other values than the batch route"
            raise SystemExit(message)
    wall = {name: [] for name in routes}
    processor = {name: [] for name in routes}
    for _ in range(options.repeats):
        for name, route in routes.items():
            begun, used = time.perf_counter(), time.process_time()
            route()
            processor[name].append(time.process_time() - used)
            wall[name].append(time.perf_counter() - begun)
    n_bytes = frame["text"].str.len_bytes().sum()
    print(f"polars {pl.__version__}, {frame.height:,} documents, {n_bytes / 1e6:.0f} MB of text")
    for name in routes:
        shown = []
        for kind, seconds in (("wall", wall), ("processor", processor)):
            ratio = statistics.median(
                s / b for s, b in zip(seconds[name], seconds["batch"], strict=True)
            )
            shown.append(f"{kind} best {min(seconds[name]):.3f} s, median ratio {ratio:.3f}")
        print(f"{name:10} {'; '.join(shown)}")


if __name__ == "__main__":
    main()
