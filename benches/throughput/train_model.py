"""A stand-in classifier for the throughput benchmark, trained on the benchmark's own corpus.

What it is: a fastText model of published size (word bigrams, 2 M buckets) that both sides load, so
that the step costs what such a step costs. What it is not: a judge of quality. Its label `hq` is
given to the half of the documents with the larger share of letters, which says nothing about
anybody's text. Run by the rival's Python, which has fastText.
"""

import argparse
from pathlib import Path

import fasttext
import pyarrow.parquet as pq


def main() -> None:
    options = parse_arguments()
    texts = read_texts(options.corpus)
    labelled = options.out.with_suffix(".txt")
    write_labelled(texts, labelled)
    # One thread: with more, fastText's weights depend on their race.
    model = fasttext.train_supervised(
        str(labelled),
        dim=options.dim,
        bucket=options.bucket,
        wordNgrams=2,
        minCount=3,
        epoch=options.epochs,
        thread=1,
        verbose=0,
    )
    model.save_model(str(options.out))
    labelled.unlink()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder of *.parquet: id, text")
    parser.add_argument("--out", type=Path, required=True, help="the .bin to write")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--bucket", type=int, default=2_000_000)
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


def read_texts(folder: Path) -> list[str]:
    tables = (pq.read_table(path, columns=["text"]) for path in sorted(folder.glob("*.parquet")))
    return [text for table in tables for text in table["text"].to_pylist()]


def share_of_letters(text: str) -> float:
    return sum(map(str.isalpha, text)) / len(text)


def write_labelled(texts: list[str], path: Path) -> None:
    shares = [share_of_letters(text) for text in texts]
    middle = sorted(shares)[len(shares) // 2]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for text, share in zip(texts, shares, strict=True):
            label = "__label__hq" if share >= middle else "__label__lq"
            file.write(f"{label} {' '.join(text.split())}\n")


if __name__ == "__main__":
    main()
