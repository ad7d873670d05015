"""Token counts beside tiktoken and tokenizers: two encodings, the same texts, one thread.

    python benches/tokens.py --data FOLDER [--megabytes 5] [--repeats 5]

What it is: `cl100k_base` on all three sides and `o200k_base` beside tiktoken, from the vocabularies
that are built into refinery, so that nothing is fetched; the counts of every text are compared before
any time is. Sides take turns; times are CPU time. refinery keeps the words it has seen, so its first
round is told apart. Then how long refinery takes for 10 MB of one repeated character, and for a tenth
of it: ten times less, where the time is linear. What it is not: a comparison of decoding or of special
tokens.
"""

import gzip
import json
import os
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pyarrow as pa
import tiktoken
import tokenizers
from tokenizers import Regex, models, pre_tokenizers

from common.command import deliver, name_of_data, parser
from common.corpus import prepare
from common.figures import spread
from common.record import ROOT, versions
from refinery import _core

Side = Callable[[list[str]], list[int]]

SPLITS = {
    "cl100k_base": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "o200k_base": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
"""How each encoding cuts a text, as it was published."""

HOSTILE = {
    "letters": "a",
    "capitals": "A",
    "spaces": " ",
    "digits": "7",
    "punctuation": "!",
    "newlines": "\n",
    "emoji": "\N{GRINNING FACE}",
}
HOSTILE_BYTES = 10**7


def main() -> None:
    options = parser(__doc__, megabytes=5).parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    corpus = prepare(options.data, options.work / "tokens", megabytes=options.megabytes)
    texts = corpus.texts()
    found = {name: compare(name, texts, corpus.bytes / 1e6, options.repeats) for name in SPLITS}
    section = {
        "versions": versions("tiktoken", "tokenizers"),
        "corpus": corpus.facts(name_of_data(options)),
        "encodings": found,
        "hostile": {name: hostile(name) for name in SPLITS},
    }
    for name, measures in found.items():
        print(json.dumps({"encoding": name} | measures))
    print(json.dumps({"hostile": section["hostile"]}))
    deliver("tokens", section, options)


def compare(name: str, texts: list[str], megabytes: float, repeats: int) -> dict[str, Any]:
    ranks = vocabulary(name)
    sides = {"refinery": ours(name), "tiktoken": of_tiktoken(name, ranks)}
    if name == "cl100k_base":
        sides["tokenizers"] = of_tokenizers(name, ranks)
    first = megabytes / timed(sides["refinery"], texts)[0]
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(repeats):
        counts = {}
        for side, count in sides.items():
            taken, counts[side] = timed(count, texts)
            rates[side].append(megabytes / taken)
        check(counts)
    found = {side: spread(values, 2) for side, values in rates.items()}
    return {
        "n_tokens": sum(counts["refinery"]),
        "mb_per_cpu_s": found,
        "refinery_first_round": round(first, 2),
        "times_faster": {
            side: round(found["refinery"]["median"] / found[side]["median"], 2)
            for side in sides
            if side != "refinery"
        },
    }


def hostile(name: str) -> dict[str, dict[str, float]]:
    """Seconds for 1 and for 10 MB of each repeated character."""
    count = ours(name)
    return {
        kind: {
            f"{size // 10**6}_mb_s": round(timed(count, [c * (size // len(c.encode()))])[0], 4)
            for size in (HOSTILE_BYTES // 10, HOSTILE_BYTES)
        }
        for kind, c in HOSTILE.items()
    }


def timed(side: Side, texts: list[str]) -> tuple[float, list[int]]:
    started = time.process_time()
    counts = side(texts)
    return time.process_time() - started, counts


def check(counts: dict[str, list[int]]) -> None:
    """Stop where the counts of any text differ: the times would be of different work."""
    for name, found in counts.items():
        pairs = enumerate(zip(found, counts["refinery"], strict=True))
        differing = [number for number, (theirs, ours) in pairs if theirs != ours]
        if differing:
            message = (
                f"{name}: other counts for {len(differing)} texts, the first is {differing[0]}"
            )
            raise SystemExit(message)


def vocabulary(name: str) -> dict[bytes, int]:
    """Token to rank, from the crate that refinery embeds."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    packages = json.loads(done.stdout)["packages"]
    crate = next(each for each in packages if each["name"] == "bpe-openai")
    file = Path(crate["manifest_path"]).parent / "data" / f"{name}.tiktoken.gz"
    lines = gzip.decompress(file.read_bytes()).splitlines()
    return {b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}


def ours(name: str) -> Side:
    counted = _core.Pass(tokenizer=_core.Tokenizer.embedded(name))
    pool = _core.ThreadPool(1)

    def count(texts: list[str]) -> list[int]:
        found = pa.record_batch(counted.run(pa.array(texts, pa.large_string()), pool))
        return found.column("n_tokens").to_pylist()

    return count


def of_tiktoken(name: str, ranks: dict[bytes, int]) -> Side:
    encoding = tiktoken.Encoding(
        name, pat_str=SPLITS[name], mergeable_ranks=ranks, special_tokens={}
    )
    return lambda texts: [len(encoding.encode_ordinary(text)) for text in texts]


def of_tokenizers(name: str, ranks: dict[bytes, int]) -> Side:
    """The same merges as a `tokenizer.json` would have them: every token from its two parts."""
    letters = byte_letters()

    def spell(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    merges = [tuple(map(spell, parts(token, ranks))) for token in ranks if len(token) > 1]
    vocab = {spell(token): rank for token, rank in ranks.items()}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLITS[name]), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return lambda texts: [len(found.ids) for found in tokenizer.encode_batch_fast(texts)]


def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in a byte-level vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {
        byte: chr(256 + number) for number, byte in enumerate(hidden)
    }


def parts(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two tokens that a token was merged from: its bytes merged as far as its own rank."""
    pieces = [bytes([byte]) for byte in token]
    while len(pieces) > 2:
        joined = [pieces[i] + pieces[i + 1] for i in range(len(pieces) - 1)]
        found = [ranks.get(each, len(ranks)) for each in joined]
        at = found.index(min(found))
        pieces[at : at + 2] = [joined[at]]
    return pieces[0], pieces[1]


if __name__ == "__main__":
    main()
