"""Peak memory of streaming queries over Parquet shards: with expressions of ours, and without.

Usage: python benches/expr/memory.py FOLDER [--times N]

Each query runs in a process of its own over the shards of FOLDER, N times over (so that a bound
shows as a figure that does not grow with N), and writes what it finds to a file. Prints the peak
resident set of each, and the sizes of the text.
"""

import argparse
import subprocess
import sys

QUERY = """
import resource, sys, tempfile
import polars as pl, refinery as rf
paths = sorted(__import__("pathlib").Path(sys.argv[1]).glob("*.parquet")) * int(sys.argv[2])
lf = pl.scan_parquet(paths).select({expression})
with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
    lf.sink_parquet(file.name, engine="streaming")
    rows = pl.scan_parquet(file.name).select(pl.len()).collect().item()
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
QUERIES = {
    "length of the text": 'pl.col("text").str.len_bytes()',
    "n_tokens": 'rf.token_count("text")',
    "signals, score, tokens": 'rf.signals("text", "datatrove/gopher_quality"), rf.score("text"), rf.token_count("text")',
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4])
    options = parser.parse_args()
    for name, expression in QUERIES.items():
        for times in options.times:
            code = QUERY.format(expression=expression)
            done = subprocess.run(
                [sys.executable, "-c", code, options.folder, str(times)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            rows, peak = map(int, done.stdout.split())
            print(f"{name:24} {rows:>9,} documents: peak {peak / 1024:,.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
