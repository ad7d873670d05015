"""Instructions a byte of every kernel and of the whole pass: figures that a busy machine cannot spoil.

    python benches/instructions.py [--only job,minhash]

What it is: each part of `kernels/parts.rs` runs twice over a small fixed corpus under
`valgrind --tool=callgrind`, and the second time is counted, when buffers and caches are filled. The
corpus is the language reference that every Python of one version has. The counts are compared with
the newest record of the same corpus, build and processor family. What it is not: time. valgrind knows
no AVX-512, so the AVX2 paths are counted; misses of caches cost no instruction.
"""

import importlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from common.command import TEXTBOOK, deliver, parser
from common.corpus import content_id, write_lines
from common.record import ROOT, latest, versions

KERNELS = [
    "base", "n_tokens", "minhash", "datatrove.gopher_quality", "datatrove.gopher_repetition",
    "datatrove.c4", "datatrove.fineweb_quality", "kl3m", "score_textbook", "job",
]  # fmt: skip
COUNTED = "*warm_run*"
CHANGED = 0.01
"""Shown as a change from here on: builds of the same source differ by less."""


def main() -> None:
    made = parser(__doc__, megabytes=0.1, repeats=1)
    made.add_argument("--only", type=lambda value: value.split(","), help="parts, by commas")
    made.add_argument("--profile", default="bench", help="cargo profile of the build")
    options = made.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not on the path; on Debian: apt-get install valgrind")
    texts = language_reference(options.megabytes * 1e6)
    n_bytes = sum(len(text.encode()) for text in texts)
    binary = build(options.profile)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "texts.jsonl"
        write_lines(texts, lines)
        found = {}
        for name in options.only or KERNELS:
            found[name] = round(instructions(binary, lines, name) / n_bytes, 3)
            print(f"{name:30} {found[name]:10.2f} instructions a byte", flush=True)
    section = {
        "versions": versions() | {"rustc": output("rustc", "--version")},
        "valgrind": output("valgrind", "--version"),
        "corpus": {"folder": "pydoc", "sha256": content_id(texts), "bytes": n_bytes},
        "build": options.profile,
        "architecture": platform.machine(),
        "instructions_per_byte": found,
    }
    before = next((old for old in latest("instructions") if is_comparable(old, section)), None)
    section["changes"] = changes(before, found)
    show(section["changes"], before)
    deliver("instructions", section, options)


def language_reference(n_bytes: float) -> list[str]:
    """Texts of `pydoc_data.topics`, in the order of their names, up to a size."""
    topics = importlib.import_module("pydoc_data.topics").topics
    chosen, size = [], 0
    for name in sorted(topics):
        size += len(topics[name].encode())
        if size > n_bytes:
            break
        chosen.append(topics[name])
    return chosen


def build(profile: str) -> Path:
    """Build the bench; give its binary."""
    command = ["cargo", "bench", "--no-run", "--profile", profile, "-p", "refinery-core"]
    done = subprocess.run(
        [*command, "--bench", "pass", "--message-format", "json"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    messages = map(json.loads, done.stdout.splitlines())
    built = [message for message in messages if message.get("executable")]
    return Path(next(each["executable"] for each in built if each["target"]["name"] == "pass"))


def instructions(binary: Path, lines: Path, kernel: str) -> int:
    """Instructions of a kernel's second run over the texts."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        tool += ["--collect-atstart=no", f"--toggle-collect={COUNTED}"]
        given = ["count", kernel, str(lines), str(TEXTBOOK)]
        done = subprocess.run([*tool, str(binary), *given], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{kernel}: ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return collected(done.stderr)


def collected(shown: str) -> int:
    """The count in what callgrind prints.

    >>> collected("==7== Collected : 1234")
    1234
    """
    found = re.search(r"Collected : (\d+)", shown)
    if found is None or int(found[1]) == 0:
        sys.exit(f"callgrind counted nothing; it said:\n{shown[-2000:]}")
    return int(found[1])


def is_comparable(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether two sections counted the same work, built alike."""
    same = all(old.get(key) == new[key] for key in ("build", "architecture"))
    return same and old["corpus"]["sha256"] == new["corpus"]["sha256"]


def changes(before: dict[str, Any] | None, found: dict[str, float]) -> dict[str, float]:
    """Share by which each count differs from the record's; none without a record."""
    old = before["instructions_per_byte"] if before else {}
    return {name: round(found[name] / old[name] - 1, 4) for name in found if name in old}


def show(found: dict[str, float], before: dict[str, Any] | None) -> None:
    if before is None:
        print("no record of the same corpus and build to compare with")
        return
    for name, change in found.items():
        word = "as before" if abs(change) < CHANGED else f"{change:+.1%}"
        print(f"{name:30} {word}")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
