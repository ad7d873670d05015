"""`python -m refinery.demo OUT_DIR`: write the demo corpus. It parses arguments and decides nothing."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from refinery.demo import ABLATION, DEFAULT_MEGABYTES, PIPELINE, build_corpus


def main(arguments: list[str] | None = None) -> int:
    """Build the corpus that the command line asks for, and say what it holds.

    Returns
    -------
    int
        0, or 2 when OUT_DIR holds something that is not an earlier demo corpus.
    """
    options = _parse(arguments)
    started = time.perf_counter()
    try:
        manifest = build_corpus(options.out_dir, max_megabytes=options.max_megabytes)
    except (FileExistsError, NotADirectoryError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if options.pipeline is not None:
        options.pipeline.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PIPELINE, options.pipeline)
        shutil.copyfile(ABLATION, options.pipeline.with_name("ablation.yaml"))
    seconds = time.perf_counter() - started
    sys.stdout.write(_summary(options.out_dir, manifest, seconds))
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m refinery.demo",
        description="Build a raw corpus from the documentation and sources on this machine.",
    )
    parser.add_argument("out_dir", type=Path, metavar="OUT_DIR")
    parser.add_argument(
        "--max-megabytes",
        type=_megabytes,
        default=DEFAULT_MEGABYTES,
        metavar="N",
        help="most text to take, in 10^6 bytes of UTF-8 (default: %(default)s)",
    )
    parser.add_argument(
        "--pipeline",
        type=Path,
        metavar="FILE",
        help="also write the demo pipeline here, and ablation.yaml beside it; they read raw/ beside themselves",
    )
    return parser.parse_args(arguments)


def _megabytes(value: str) -> float:
    megabytes = float(value)
    if not 0 < megabytes < float("inf"):
        message = f"{value} is not a positive number"
        raise argparse.ArgumentTypeError(message)
    return megabytes


def _summary(out_dir: Path, manifest: dict[str, object], seconds: float) -> str:
    total: dict[str, int] = manifest["total"]  # type: ignore[assignment]
    sources: dict[str, dict[str, int]] = manifest["sources"]  # type: ignore[assignment]
    lines = [f"{'source':<16} {'documents':>9} {'MB':>7}"]
    lines += [
        f"{name:<16} {count['documents']:>9} {count['bytes'] / 1e6:>7.2f}"
        for name, count in sources.items()
    ]
    lines.append(f"{'all':<16} {total['documents']:>9} {total['bytes'] / 1e6:>7.2f}")
    lines.append(f"{out_dir}: {total['shards']} shards in {seconds:.1f} s")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
