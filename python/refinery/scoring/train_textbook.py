r"""Trains ``builtin/textbook``, the model that comes with the package.

    python -m refinery.scoring.train_textbook --text DIR --out python/refinery/models/textbook.ftz

DIR is a folder of Parquet files with the columns `text`, `source` (a repository, `owner/name`),
`url` and `licence`. What it does:

1. Takes rows whose licence allows a shipped model (`is_allowed`) and whose source is in `SOURCES`;
   a source is positive or negative by its name. No document was labelled one by one.
2. Cuts both classes into chunks of the same distribution of lengths, after removing markup and
   headings that would give the source away; mixes in made-up text of kinds that no such source
   has, and damaged copies of the positives.
3. Alters the format of some chunks, of both classes alike: lower case, no punctuation, no digits.
4. Trains on nine tenths of the works, prints how the rest comes out, quantises, writes the model
   and its sidecar.

What it is not: a search for settings. The measured figures are in `models/textbook.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from refinery import _core
from refinery.errors import ParameterError
from refinery.scoring import synthetic
from refinery.scoring.leak import format_auc
from refinery.scoring.text_prep import prepare, words
from refinery.scoring.train import Quantisation, TrainingSettings, train_classifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SEED = 17
# Lengths of chunks in words: below, the score is noise; above, nothing new is seen.
SHORTEST, LONGEST = 20, 400
# Below, a document's score is noise.
MIN_WORDS = 40
SETTINGS = TrainingSettings(dim=16, word_ngrams=2, lr=0.25, epoch=5, min_count=3, bucket=200_000)
QUANTISATION = Quantisation(cutoff=100_000, retrain=True, qnorm=True)

_LICENCE = re.compile(r"(CC0|public domain|PDDL|CC BY (2\.5|3\.0|4\.0)(?!\S))", re.IGNORECASE)
# Sources whose licence line is not the last word on their content.
_EXCLUDED = ("gokriznastic/", "jkkummerfeld/", "alea-institute/kl3m-toxicity", "mlschmitt/")


def is_allowed(source: str, licence: str) -> bool:
    """Whether text of a source may be in the training data of a shipped model.

    Examples
    --------
    >>> is_allowed("openstax/osbooks-principles-economics-bundle", "CC BY 4.0")
    True
    >>> is_allowed("openstax/osbooks-astronomy", "CC BY-NC-SA 4.0")
    False
    """
    return _LICENCE.match(licence) is not None and not source.startswith(_EXCLUDED)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A repository, the class of its text, and how many chunks of it to take at most."""

    repository: str
    label: str
    chunks: int
    clean: Callable[[str], str]
    # Only documents whose address matches.
    url: str = ""


def prose(text: str) -> str:
    """The paragraphs that are sentences: no headings, lists, front matter, tables, or markup."""
    text = re.sub(r"\{[{%].*?[}%]\}|<[^>]{1,200}>|&#?\w{1,8};", " ", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+|[*_`#|]+", " ", text)
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n".join(p for p in paragraphs if _is_prose(p))


_LATEX_DISPLAY = re.compile(
    r"\\begin\{(align|equation|multline|tabular|prooftree|oltableau|tikzpicture|figure|array|gather)\*?\}.*?"
    r"\\end\{\1\*?\}|\\\[.*?\\\]",
    re.DOTALL,
)


def lines_of_prose(text: str) -> str:
    """Like `prose`, where every line is a paragraph."""
    return prose(text.replace("\n", "\n\n"))


def latex_prose(text: str) -> str:
    """The sentences of a LaTeX source, a letter for each formula."""
    text = re.sub(r"(?m)%.*$", "", text)
    text = re.sub(_LATEX_DISPLAY, " ", text)
    text = re.sub(r"\$[^$]*\$", "x", text)
    text = re.sub(r"!!\^?a?\^?\{([^}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:emph|textbf|textit)\{([^}]*)\}", r"\1", text)
    text = re.sub(r"\\\w+\*?(?:\[[^\]]*\])?(?:\{[^}]*\})*|[{}~]", " ", text)
    return prose(text)


def as_it_is(text: str) -> str:
    """All of it."""
    return text


def mail_body(text: str) -> str:
    """A message without its header, which would give the source away."""
    return text.partition("\n\n")[2]


def mail_prose(text: str) -> str:
    """The sentences of a message, without quoted lines."""
    return prose(re.sub(r"(?m)^[>|].*$", "", mail_body(text)))


def _is_prose(paragraph: str) -> bool:
    found = paragraph.split()
    ends = paragraph.rstrip("\"')\u201d\u2019").endswith((".", "?", "!"))
    capitals = sum(w[0].isupper() for w in found)
    return len(found) >= 20 and ends and capitals < len(found) / 3


_OPENSTAX = "openstax/osbooks-"
SOURCES = (
    Source(
        repository=_OPENSTAX + "life-liberty-and-pursuit-happiness",
        label="hq",
        chunks=3500,
        clean=prose,
    ),
    Source(
        repository=_OPENSTAX + "principles-economics-bundle", label="hq", chunks=3500, clean=prose
    ),
    Source(repository="OpenLogicProject/OpenLogic", label="hq", chunks=1000, clean=latex_prose),
    Source(repository="scipy-lectures/scipy-lecture-notes", label="hq", chunks=600, clean=prose),
    Source(repository="factbook/factbook.json", label="hq", chunks=700, clean=lines_of_prose),
    Source(repository="factbook/factbook.json", label="hq", chunks=150, clean=as_it_is),
    Source(repository="stdlib-js/datasets-sotu", label="hq", chunks=500, clean=prose),
    Source(repository="18F/18f.gsa.gov", label="hq", chunks=500, clean=prose),
    Source(
        repository="GSA/digitalgov.gov",
        label="hq",
        chunks=300,
        clean=prose,
        url="/content/(guides|resources)/",
    ),
    Source(
        repository="GSA/digitalgov.gov", label="hq", chunks=300, clean=prose, url="/content/news/"
    ),
    Source(repository="nltk/nltk_data", label="hq", chunks=150, clean=as_it_is, url="inaugural"),
    Source(repository="amir-zeldes/gum", label="hq", chunks=200, clean=prose),
    Source(
        repository="stdlib-js/datasets-spam-assassin",
        label="lq",
        chunks=1500,
        clean=mail_body,
        url="/spam-1/",
    ),
    Source(
        repository="stdlib-js/datasets-spam-assassin",
        label="lq",
        chunks=600,
        clean=mail_body,
        url="/(easy|hard)-",
    ),
    Source(
        repository="stdlib-js/datasets-spam-assassin",
        label="lq",
        chunks=1200,
        clean=mail_prose,
        url="/(easy|hard)-",
    ),
    Source(repository="nltk/nltk_data", label="lq", chunks=800, clean=as_it_is, url="reviews"),
    Source(repository="usgpo/uslm", label="lq", chunks=1200, clean=as_it_is),
    Source(repository="tldr-pages/tldr", label="lq", chunks=900, clean=as_it_is, url="/pages/"),
    Source(repository="tldr-pages/tldr", label="lq", chunks=700, clean=as_it_is, url=r"/pages\."),
    Source(
        repository=_OPENSTAX + "fisica-universitaria-bundle", label="lq", chunks=700, clean=as_it_is
    ),
    Source(repository="reactjs/pt-br.react.dev", label="lq", chunks=500, clean=as_it_is),
    Source(repository="boudinfl/wikinews-2013-pre", label="lq", chunks=200, clean=as_it_is),
    Source(
        repository="GSA/digitalgov.gov",
        label="lq",
        chunks=400,
        clean=as_it_is,
        url="/content/events/",
    ),
)
# Made-up kinds and how many chunks of each.
MADE_UP = {
    synthetic.log: 450,
    synthetic.terms: 450,
    synthetic.menu: 350,
    synthetic.listing: 350,
    synthetic.changelog: 250,
    synthetic.chat: 400,
}
# Damaged copies of positive chunks.
N_DAMAGED = 500


@dataclass(frozen=True)
class Chunk:
    """A piece of text, its class, and where it comes from."""

    label: str
    text: str
    # One work is either trained on or held out.
    work: str
    origin: str


def read_chunks(folder: Path) -> list[Chunk]:
    """All chunks of all sources, made-up and damaged text included."""
    documents = _documents(folder)
    chunks: list[Chunk] = []
    for source in SOURCES:
        rows = [(u, t) for u, t in documents[source.repository] if re.search(source.url, u)]
        found = _first(_cut(source, sorted(rows, key=lambda row: _key(row[0]))), source.chunks)
        if not found:
            message = f"no usable document of {source.repository} {source.url}".rstrip()
            raise ParameterError(name="--text", message=message)
        chunks += found
    fillers = _fillers(chunks)
    chunks += (c for make, n in MADE_UP.items() for c in _made_up(make, n, fillers))
    chunks += _damaged([c for c in chunks if c.label == "hq"])
    return [_alter(chunk) for chunk in chunks]


def _documents(folder: Path) -> dict[str, list[tuple[str, str]]]:
    wanted = {source.repository for source in SOURCES}
    found = defaultdict(list)
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path, columns=["text", "source", "url", "licence"])
        for row in table.to_pylist():
            if row["source"] in wanted and is_allowed(row["source"], row["licence"]):
                found[row["source"]].append((row["url"], row["text"]))
    return found


def _cut(source: Source, rows: Iterable[tuple[str, str]]) -> Iterator[Chunk]:
    """Consecutive pieces of drawn lengths; short documents of one source are joined."""
    rest: list[str] = []
    for url, text in rows:
        draw = _generator("length", url)
        rest += source.clean(text).split()
        while _size(rest) >= SHORTEST:
            piece, rest = _take(rest, round(SHORTEST * (LONGEST / SHORTEST) ** draw.random()))
            if _size(piece) >= SHORTEST:
                yield Chunk(source.label, " ".join(piece), url, source.repository)


def _take(found: list[str], size: int) -> tuple[list[str], list[str]]:
    n = size if _size(found) <= len(found) else max(1, size * len(found) // _size(found))
    return found[:n], found[n:]


def _size(found: Sequence[str]) -> int:
    """Words; in scripts without spaces a sixth of the characters."""
    return max(len(found), sum(map(len, found)) // 9)


def _first(chunks: Iterable[Chunk], n: int) -> list[Chunk]:
    """`n` chunks in an order that depends on their content only."""
    return sorted(chunks, key=lambda chunk: _key(chunk.text))[:n]


def _fillers(chunks: Sequence[Chunk]) -> list[str]:
    """Words of the mail, for the gaps of made-up text: the positives' would mislead."""
    mail = (c.text for c in chunks if "spam" in c.origin)
    return sorted({w for text in mail for w in text.split() if w.isalpha() and 2 < len(w) < 12})


def _made_up(
    make: Callable[[Random, Sequence[str], int], str], n: int, fillers: list[str]
) -> Iterator[Chunk]:
    name = make.__name__
    for i in range(n):
        draw = _generator(name, str(i))
        size = round(SHORTEST * (LONGEST / SHORTEST) ** draw.random())
        yield Chunk("lq", make(draw, fillers, size), f"{name} {i}", f"made up: {name}")


def _damaged(chunks: list[Chunk]) -> Iterator[Chunk]:
    for chunk in sorted(chunks, key=lambda c: _key(c.text + "damage"))[:N_DAMAGED]:
        draw = _generator("damage", chunk.text)
        found = chunk.text.split()
        if draw.random() < 0.5:
            draw.shuffle(found)
        else:
            # One short stretch again and again, as broken extraction gives it.
            start, n = draw.randrange(len(found)), draw.randrange(2, 8)
            found = (found[start : start + n] or found[:n]) * (len(found) // n + 1)
        yield Chunk("lq", " ".join(found), chunk.work, "damaged positives")


# Addresses: they give sources away, and people's have no place in a model's vocabulary.
_ADDRESSES = re.compile(r"\S*(?:@|://|www\.)\S*")


def _alter(chunk: Chunk) -> Chunk:
    """Some chunks of both classes lose case, punctuation or digits, so that format says less."""
    draw, text = _generator("format", chunk.text), _ADDRESSES.sub(" ", chunk.text)
    if draw.random() < 0.2:
        text = text.lower()
    if draw.random() < 0.5:
        text = re.sub(r"[^\w\s]+", " ", text)
    if draw.random() < 0.5:
        text = re.sub(r"\d+", "", text)
    return Chunk(chunk.label, prepare(text), chunk.work, chunk.origin)


def _key(text: str) -> bytes:
    return hashlib.sha256(f"{SEED} {text}".encode()).digest()


def _generator(purpose: str, text: str) -> Random:
    return Random(_key(f"{purpose} {text}"))  # noqa: S311 - reproducible, not secret


def is_held_out(work: str) -> bool:
    """One work in ten is never trained on."""
    return _key(work)[0] < 26


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="folder of *.parquet")
    parser.add_argument("--out", type=Path, required=True, help="the .ftz to write")
    options = parser.parse_args(arguments)
    chunks = [c for c in read_chunks(options.text) if len(words(c.text)) >= SHORTEST // 2]
    trained = [c for c in chunks if not is_held_out(c.work)]
    sidecar = train_classifier(
        ((c.label, c.text) for c in trained),
        options.out,
        name="textbook",
        positive_label="hq",
        settings=SETTINGS,
        quantisation=QUANTISATION,
        min_words=MIN_WORDS,
        seed=SEED,
        description={"script": "refinery.scoring.train_textbook", "origins": _counts(trained)},
    )
    print_ = sys.stdout.write
    print_(f"{options.out.name}: {options.out.stat().st_size} bytes, sha256 {sidecar.sha256}\n")
    print_(f"examples: {sidecar.training['examples']}\n")
    print_(f"AUC of format alone: {_format_auc(chunks):.3f}\n")
    print_(f"AUC on held-out works: {_held_out_auc(options.out, chunks):.4f}\n")


def _counts(chunks: Iterable[Chunk]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for chunk in chunks:
        counts[f"{chunk.label} {chunk.origin}"] += 1
    return dict(sorted(counts.items()))


def _format_auc(chunks: Sequence[Chunk]) -> float:
    classes = {label: [c for c in chunks if c.label == label] for label in ("hq", "lq")}
    ordered = classes["hq"] + classes["lq"]
    texts = {label: [c.text for c in found] for label, found in classes.items()}
    return format_auc(texts["hq"], texts["lq"], groups=[c.work for c in ordered])


def _held_out_auc(model: Path, chunks: Sequence[Chunk]) -> float:
    from sklearn.metrics import roc_auc_score

    held_out = [c for c in chunks if is_held_out(c.work)]
    scores = pa.record_batch(_core.Model(model).predict(pa.array([c.text for c in held_out])))
    truth = [c.label == "hq" for c in held_out]
    return float(roc_auc_score(truth, scores.column("__label__hq").to_pylist()))


if __name__ == "__main__":
    main()
