"""Run by Dolma's interpreter: what its taggers write of each text, and what its mixer keeps.

In: one JSON object a line, `texts` and `tokenizer` (a tokenizer.json, since the original's own is not
in its package). Out: one JSON list a line, of an object a text: by tagger its attributes, from name
to scores, as the tagger computes them; and by mix `is_kept`, `kept` (the text that a mix which
cuts spans writes, or null) and `reasons` (of the rules that drop it, each mixed alone, in their order).

The rules are spelled as the shipped mixes spell them, misnamed ones included; those of `_repaired`
mixes are spelled as they were meant.
"""

import gzip
import importlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from dolma import dolma as native
from dolma.core.data_types import Document
from dolma.taggers import c4, gopher, length, punctuation

repetitions = importlib.import_module("dolma.taggers.repetitions.repetitions_taggers")

SECONDS = 2  # one expression backtracks without end on some runs of emoji

GOPHER = [
    ("word_count", "<", "50"),
    ("word_count", ">", "100000"),
    ("median_word_length", "<", "3"),
    ("median_word_length", ">", "10"),
    ("symbol_to_word_ratio", ">", "0.1"),
    ("fraction_of_words_with_alpha_character", "<", "0.8"),
    ("required_word_count", "<", "2"),
    ("fraction_of_lines_starting_with_bullet_point", ">", "0.9"),
    ("fraction_of_lines_ending_with_ellipsis", ">", "0.3"),
    ("fraction_of_duplicate_lines", ">", "0.3"),
    ("fraction_of_characters_in_duplicate_lines", ">", "0.3"),
    ("fraction_of_characters_in_most_common_2gram", ">", "0.2"),
    ("fraction_of_characters_in_most_common_3gram", ">", "0.18"),
    ("fraction_of_characters_in_most_common_4gram", ">", "0.16"),
    ("fraction_of_characters_in_duplicate_5grams", ">", "0.15"),
    ("fraction_of_characters_in_duplicate_6grams", ">", "0.14"),
    ("fraction_of_characters_in_duplicate_7grams", ">", "0.13"),
    ("fraction_of_characters_in_duplicate_8grams", ">", "0.12"),
    ("fraction_of_characters_in_duplicate_9grams", ">", "0.11"),
    ("fraction_of_characters_in_duplicate_10grams", ">", "0.10"),
]
C4 = [
    ("has_curly_brace", ">", "0.5"),
    ("has_lorem_ipsum", ">", "0.5"),
    ("has_javascript", ">", "0.5"),
]
NAUGHTY = [("has_naughty_word", ">", "0.5")]


def jsonpath(tagger, attribute, sign, bound):
    """A rule as the mixes of Dolma 1.5 and 1.6 spell it."""
    name = f"@.x__{tagger}__{attribute}"
    return f"$.attributes[?({name} && {name}[0] && {name}[0][2] {sign} {bound})]"


def jq(tagger, attribute, sign, bound):
    """A rule as the mixes of 1.7 and CCCC spell it."""
    name = f".attributes.x__{tagger}__{attribute}"
    return f"({name} != null) and ({name}[0][2] {sign} {bound})"


def repaired(rules):
    """The rules with the names that the tagger writes."""
    return [
        (name.replace("gram", "grams") if name[-4:] == "gram" else name, *r) for name, *r in rules
    ]


def mix(tagger, spell, rules, cut=()):
    """A mix: its syntax, its rules as (reason, spelling), and the attributes whose spans it cuts."""
    spelled = [(f"{tagger}__{rule[0]}", spell(tagger, *rule)) for rule in rules]
    return ("jq" if spell is jq else "jsonpath", spelled, [f"x__{tagger}__{name}" for name in cut])


LINES = ("lines_with_no_ending_punctuation", "lines_with_too_few_words")
REPETITIONS = "tokenizer_repetitions_v2r2"
MIXES = {
    "dolma/gopher_v1": mix("gopher_v1", jsonpath, GOPHER),
    "dolma/gopher_v1_repaired": mix("gopher_v1", jsonpath, repaired(GOPHER)),
    "dolma/gopher_v2": mix("gopher_v2", jq, GOPHER),
    "dolma/gopher_v2_repaired": mix("gopher_v2", jq, repaired(GOPHER)),
    "dolma/c4_v1": mix("c4_v1", jq, C4),
    "dolma/c4_v2": mix("c4_v2", jq, C4),
    "dolma/c4_replication": mix("c4_v2", jsonpath, C4 + NAUGHTY, cut=LINES),
    f"dolma/{REPETITIONS}": mix(REPETITIONS, jsonpath, [("doc_max_score_repetition", ">=", "100")]),
}


class Patient:
    """A compiled expression that gives up after some seconds."""

    def __init__(self, pattern):
        self.pattern = pattern

    def search(self, text):
        return self.pattern.search(text, timeout=SECONDS)


def taggers(tokenizer):
    """Every tagger by its name."""
    marks = punctuation.NotAlphanumParagraphV1()
    marks.re_all_punctuation = Patient(marks.re_all_punctuation)
    made = object.__new__(repetitions.TokenizerRepetitionsSkipEmptyTagger)
    made.tokenizer = repetitions.Tokenizer.from_file(tokenizer)
    return {
        "gopher_v1": gopher.GopherTagger(),
        "gopher_v2": gopher.GopherTaggerV2(),
        "c4_v1": c4.C4Tagger(),
        "c4_v2": c4.FasterC4Tagger(),
        "char_length_strip_ws_v1": length.CharLengthStripWsV1(),
        "whitespace_tokenizer_v1": length.WhitespaceLengthV1(),
        "not_alphanum_paragraph_v1": marks,
        REPETITIONS: made,
    }


def mixed(root, texts, syntax, rules, cut):
    """The texts that the mixer writes, by their position; the attributes are in `root`."""
    rows = ({"id": str(i), "source": "x", "text": text} for i, text in enumerate(texts))
    write(root / "documents", rows)
    spans = [
        {"span": f"$.attributes.{name}", "min_score": 0.5, "replacement": "", "syntax": "jsonpath"}
        for name in cut
    ]
    stream = {
        "name": "x",
        "documents": [f"{root}/documents/*.gz"],
        "attributes": ["x"],
        "output": {"path": f"{root}/out", "max_size_in_bytes": 1 << 40},
        "filter": {"include": [], "exclude": rules, "syntax": syntax},
        "span_replacement": spans,
    }
    work = {"input": f"{root}/in", "output": f"{root}/work"}
    for path in ("in", "work", "out"):
        shutil.rmtree(root / path, ignore_errors=True)
        (root / path).mkdir()
    native.mixer_entrypoint(
        json.dumps({"work_dir": work, "processes": 1, "streams": [stream], "shuffle": False})
    )
    kept = {}
    for path in (root / "out").rglob("*.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                kept[int(row["id"])] = row["text"]
    return kept


def write(folder, rows):
    """One file of the folder, the only one."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "0.json.gz", "wt", compresslevel=1, encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


def mix_all(root, texts, attributes, name, memory):
    """What one mix makes of every document; `memory` is of rules that were mixed alone."""
    syntax, rules, cut = MIXES[name]
    taggers = {f"x__{rule[0].split('__')[0]}__" for rule in rules}
    own = (
        {key: spans for key, spans in written.items() if key.startswith(tuple(taggers))}
        for written in attributes
    )
    write(root / "attributes" / "x", ({"id": str(i), "attributes": a} for i, a in enumerate(own)))
    # A mix that cuts nothing does not read the text, so a short one will do.
    stubs = ["x"] * len(texts)
    kept = mixed(root, texts if cut else stubs, syntax, [rule for _, rule in rules], cut)
    for _, rule in rules:
        if rule not in memory:
            memory[rule] = mixed(root, stubs, syntax, [rule], ())
    return [
        {
            "is_kept": i in kept,
            "kept": kept.get(i) if cut else None,
            "reasons": [reason for reason, rule in rules if i not in memory[rule]],
        }
        for i in range(len(texts))
    ]


def ask(texts, tokenizer):
    """What the taggers and the mixes make of some texts."""
    tagger_of = taggers(tokenizer)
    answers, attributes = [], []
    for text in texts:
        answer, written = {}, {}
        for name, tagger in tagger_of.items():
            try:
                result = tagger.predict(Document(source="", id="", text=text))
            except TimeoutError:
                answer[name] = None
                continue
            scores = {}
            for span in result.spans:
                scores.setdefault(span.type, []).append(span.score)
            answer[name] = scores
            grouped = tagger.group_output(result)
            written |= {f"x__{name}__{type_}": spans for type_, spans in grouped.items()}
        answers.append({"tags": answer, "mixes": {}})
        attributes.append(written)
    memory = {}
    for name in MIXES:
        with tempfile.TemporaryDirectory() as folder:
            found = mix_all(Path(folder), texts, attributes, name, memory)
        for answer, of_mix in zip(answers, found, strict=True):
            answer["mixes"][name] = of_mix
    return answers


for line in sys.stdin:
    question = json.loads(line)
    sys.stdout.write(json.dumps(ask(question["texts"], question["tokenizer"])) + "\n")
    sys.stdout.flush()
