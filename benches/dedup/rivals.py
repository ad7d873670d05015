"""MinHash signatures and near-duplicate removal beside the libraries that do them.

    python benches/dedup/rivals.py --data FOLDER [--megabytes 60] [--repeats 5]

What it is: a corpus with planted copies (`planted.py`), signed and deduplicated by refinery and by
rivals on one thread each, every run a process of its own (`side.py`); the sides take turns. Before any
time is shown, what each dropped is held against exact Jaccard similarities: where refinery finds fewer of
the planted pairs than gaoya, or drops more documents without cause, it is not faster but worse, and the
bench ends. Without
`--rival-python` an environment is made from `rivals.txt`. What it is not: a whole job, and no one's
reading or writing of files.

* cpu_s, wall_s: of the work alone; the texts are in memory before. gaoya has no way to signatures but
  its index, so its signing has the inserting in it. daft splits at spaces and folds nothing.
* bytes_a_document: memory that the work added at its peak, texts not counted.
* recall: share of the planted pairs of similarity 0.8 and more of which not both are kept.
* precision at x: of the dropped documents, how many have a duplicate of similarity x or more among
  those that the side names.
"""

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import polars as pl
from planted import make
from recall_precision import jaccard, shingles
from side import read

from common.command import deliver, name_of_data, parser
from common.record import installed
from common.rivals import environment

HERE = Path(__file__).resolve().parent
TASKS = {
    "sign": ("refinery", "gaoya", "daft", "datasketch", "text_dedup"),
    "dedup": ("refinery", "gaoya", "rensa", "datasketch", "text_dedup"),
}
SLOW = ("datasketch", "text_dedup")
"""Libraries in Python, a hundred times slower: they run in the first round only."""
LARGE = 100
"""Megabytes from which a section stands beside the one of `make bench`, by its size."""
PACKAGES = ["gaoya", "daft", "rensa", "datasketch", "text-dedup", "pyarrow"]
RECALL_AT = 0.8
PRECISION_AT = (0.7, 0.5)
MAY_BE_LESS = 0.003
HANDFUL = 3
"""What recall or precision may fall short by: a share, some documents dropped, or two standard errors."""


def main() -> None:
    made = parser(__doc__, megabytes=60)
    made.add_argument("--rival-python", type=Path)
    made.add_argument("--seed", type=int, default=17)
    options = made.parse_args()
    if options.data is None:
        sys.exit("give --data: the demo corpus has too little text to plant copies in")
    work = options.work / "dedup"
    corpus = make(options.data, work, options.megabytes, options.seed)
    rival = options.rival_python or environment(HERE / "rivals.txt")
    runs = [
        {"task": task, "side": side, **run(f"{side}_{task}", rival, work)}
        for repeat in range(options.repeats)
        for task, sides in TASKS.items()
        for side in sides
        if repeat == 0 or side not in SLOW
    ]
    found = quality(runs, work)
    check(found)
    section = {
        "versions": installed(rival, PACKAGES),
        "corpus": {**corpus, "folder": name_of_data(options)},
        "instruction_sets": instruction_sets(),
        **{task: summary(task, runs, corpus) for task in TASKS},
        "quality": found,
    }
    for name in ("corpus", "instruction_sets", *TASKS, "quality"):
        print(name, json.dumps(section[name], indent=1))
    size = "" if options.megabytes < LARGE else f"_{options.megabytes:.0f}_mb"
    deliver(f"near_duplicates{size}", section, options)


def run(task: str, rival: Path, corpus: Path) -> dict[str, Any]:
    """One side once, in a process of its own."""
    python = sys.executable if task.startswith("refinery") else str(rival)
    command = [python, str(HERE / "side.py"), task, str(corpus)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{task}: {found['cpu_s']:.2f} CPU s, {found['wall_s']:.2f} s", flush=True)
    return found


def quality(runs: list[dict[str, Any]], corpus: Path) -> dict[str, dict[str, float]]:
    """Recall and precision of each side, which every repeat must agree on."""
    ids, texts = read(corpus)
    text_of = dict(zip(ids, texts, strict=True))
    planted = pl.read_parquet(corpus / "pairs.parquet").filter(pl.col("jaccard") >= RECALL_AT)
    found: dict[str, dict[str, float]] = {}
    for each in runs:
        answer = each.pop("duplicates", None)
        if answer is None or each["side"] in found:
            continue
        duplicates = {int(dropped): others for dropped, others in answer.items()}
        hits = [a in duplicates or b in duplicates for a, b, _ in planted.rows()]
        nearest = [nearest_of(text_of, *item) for item in duplicates.items()]
        found[each["side"]] = {
            "dropped": len(duplicates),
            "recall": round(statistics.mean(hits), 4),
            **{
                f"precision_at_{bound}": round(statistics.mean(j >= bound for j in nearest), 4)
                for bound in PRECISION_AT
            },
        }
    return found


def nearest_of(text_of: dict[int, str], dropped: int, others: list[int]) -> float:
    """Similarity of the nearest of `others`."""
    own = shingles(text_of[dropped])
    return max(jaccard(own, shingles(text_of[other])) for other in others)


def check(found: dict[str, dict[str, float]]) -> None:
    """Stop where refinery's work is worse than gaoya's: its time would mean nothing."""
    ours, theirs = found["refinery"], found["gaoya"]
    dropped = max(1, ours["dropped"])

    def margin(share: float) -> float:
        chance = 2 * math.sqrt(share * (1 - share) / dropped)
        return max(MAY_BE_LESS, HANDFUL / dropped, chance)

    worse = [
        name
        for name in ours
        if name != "dropped" and ours[name] < theirs[name] - margin(theirs[name])
    ]
    if worse:
        message = f"refinery is worse than gaoya in {', '.join(worse)}: {json.dumps(found)}"
        raise SystemExit(message)


def summary(task: str, runs: list[dict[str, Any]], corpus: dict[str, Any]) -> dict[str, Any]:
    """Medians of each side, and how many times refinery's a rival's are."""
    medians = {}
    for side in TASKS[task]:
        own = [each for each in runs if (each["task"], each["side"]) == (task, side)]
        cpu, wall, added = (
            statistics.median(each[key] for each in own)
            for key in ("cpu_s", "wall_s", "added_bytes")
        )
        medians[side] = {
            "n": len(own),
            "cpu_s": round(cpu, 3),
            "cpu_s_least": round(min(each["cpu_s"] for each in own), 3),
            "cpu_s_most": round(max(each["cpu_s"] for each in own), 3),
            "wall_s": round(wall, 3),
            "mb_per_cpu_s": round(corpus["bytes"] / 1e6 / cpu, 2),
            "bytes_a_document": round(added / corpus["documents"]),
        }
    ours = medians["refinery"]
    times = {
        side: {
            "times_less_cpu": round(theirs["cpu_s"] / ours["cpu_s"], 2),
            "times_less_memory": round(
                theirs["bytes_a_document"] / max(ours["bytes_a_document"], 1), 2
            ),
        }
        for side, theirs in medians.items()
        if side != "refinery"
    }
    return {**medians, "refinery_beside": times}


def instruction_sets() -> list[str]:
    """Those of this processor that signatures have a kernel for."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return [name for name in ("avx512bw", "avx2") if name in flags]


if __name__ == "__main__":
    main()
