"""Grammars: sentences made by rules of a file, as examples of a training."""

from collections import Counter
from random import Random

import polars as pl
import pytest
from two_kinds import made_documents

from refinery.errors import ConfigError
from refinery.training import parse_recipe
from refinery.training.grammar import parse_grammar
from refinery.training.reading import read_examples

GRAMMAR = """
rules:
  praise: ["{noun} is {word} {word}", "so {word}"]
  blame: ["{noun} is bad"]
  noun: [bread, tea]
  word: {path: words.parquet, column: word, where: {lang: en}}
"""
TRAIN = """
name: praise
output: praise.bin
input: {path: raw.parquet, id: id, source: source}
positives:
  - {labels: labelled.parquet, label: rated, min: 5, work: prompt, whole: true, weight: 3}
  - {grammar: g.yaml, rule: praise, chunks: 60}
negatives:
  - {labels: labelled.parquet, label: rated, max: 1, work: prompt, whole: true}
  - {grammar: g.yaml, rule: blame, chunks: 20}
  - {holds: {matches: cheap}, chunks: 400}
classes: {positive: praise, negative: other}
chunks: {words: [5, 40], match: false}
split: {by: document}
"""


@pytest.fixture
def folder(tmp_path):
    words = {"word": ["fine", "gut", "w{arm}", None], "lang": ["en", "de", "en", "en"]}
    pl.DataFrame(words).write_parquet(tmp_path / "words.parquet")
    (tmp_path / "g.yaml").write_text(GRAMMAR, encoding="utf-8")
    return tmp_path


def test_a_sentence_fills_every_gap_with_an_alternative(folder):
    grammar = parse_grammar(GRAMMAR, folder)
    assert grammar.rules["word"] == ["fine", "warm"]
    found = {grammar.sentence("praise", Random(i)) for i in range(200)}
    nouns, words = ("bread", "tea"), ("fine", "warm")
    expected = {f"{n} is {a} {b}" for n in nouns for a in words for b in words}
    assert found == expected | {"so fine", "so warm"}


def test_a_chunk_is_sentences_among_words_of_another_text(folder):
    grammar = parse_grammar(GRAMMAR, folder)
    around = [" ".join(f"w{i}" for i in range(100))]
    shapes = Counter()
    for i in range(400):
        found = grammar.chunk("blame", Random(i), around, (5, 40)).split()
        assert 5 <= len(found) <= 40
        other = [word for word in found if word.startswith("w")]
        # One stretch of the other text, before or after whole sentences.
        assert other == around[0].split()[int(other[0][1:]) :][: len(other)] if other else True
        assert other in (found[: len(other)], found[len(found) - len(other) :])
        said = " ".join(word for word in found if word not in other)
        n = said.count(" is bad")
        assert len(said.split()) == 3 * n > 0
        assert said.count("bad.") + said.count("bad!") + said.count("bad,") in (0, n - 1)
        shapes[n > 1, found[0] in other] += 1
    # Half go on where a second sentence fits.
    assert 80 < shapes[True, True] + shapes[True, False] < 200
    assert shapes[False, True] > 80
    assert shapes[False, False] > 80


def test_a_chunk_without_other_text_is_a_sentence(folder):
    found = parse_grammar(GRAMMAR, folder).chunk("blame", Random(1), [], (5, 5))
    assert found in ("bread is bad", "tea is bad")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: {a: ['{b}'], b: ['{a}']}", r"1:9: rules\.a: leads to itself"),
        ("rules: {a: ['{wrod}'], word: [x]}", r"rules\.a: no such rule 'wrod'; did you mean word"),
        ("rules: {a: []}", r"1:9: rules\.a: has no alternative"),
        ("rules: {a: {path: w.parquet}}", r"1:9: rules\.a: path and column belong together"),
        ("rules: {a: {colum: w}}", r"rules\.a\.colum: no such key; did you mean column"),
        ("rule: {}", "no such key; did you mean rules"),
    ],
)
def test_a_grammar_with_a_problem_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_grammar(text)


def test_parts_of_a_grammar_of_labels_and_of_chunks_that_hold_something(folder):
    pl.DataFrame(made_documents(40)).write_parquet(folder / "raw.parquet")
    rated = [
        {"text": f"{word} {' '.join(f't{i}' for i in range(50))}", "rated": rate, "prompt": word}
        for word, rate in [("one", 7), ("two", 9), ("three", 0), ("four", 3)]
    ]
    pl.DataFrame(rated).write_parquet(folder / "labelled.parquet")
    found = read_examples(parse_recipe(TRAIN, folder=folder))
    labelled = {c.work: c for c in found.chunks if c.origin.startswith("labelled")}
    assert sorted(labelled) == ["one", "three", "two"]
    assert {c.n_words for c in labelled.values()} == {40}
    assert {name: c.weight for name, c in labelled.items()} == {"one": 3, "two": 3, "three": 1}
    spoken = [c for c in found.chunks if c.origin == "g.yaml: blame"]
    assert len({c.work for c in spoken}) == len(spoken) > 1
    assert all(c.label == "lq" for c in spoken)
    rest = [c for c in found.chunks if c.label == "lq" and c not in spoken and c.work != "three"]
    assert len(rest) >= 20
    assert all("cheap" in c.text for c in rest)


@pytest.mark.parametrize(("work", "works"), [("document", 2), ("source", 1), ("prompt", 2)])
def test_what_a_work_is_for_one_part(folder, work, works):
    rows = [
        {"text": f"{i} two three four five six", "source": "s", "prompt": f"p{i}"} for i in range(2)
    ]
    pl.DataFrame(rows).write_parquet(folder / "own.parquet")
    pl.DataFrame(made_documents(20)).write_parquet(folder / "raw.parquet")
    text = f"""
    name: n
    output: n.bin
    input: {{path: raw.parquet, id: id, source: source}}
    positives: {{path: own.parquet, source: source, work: {work}}}
    chunks: {{words: [5, 40], match: false}}
    """
    found = read_examples(parse_recipe(text, folder=folder)).chunks
    assert len({chunk.work for chunk in found if chunk.label == "hq"}) == works


def test_a_rule_that_is_not_in_the_grammar_is_named(folder):
    pl.DataFrame(made_documents(40)).write_parquet(folder / "raw.parquet")
    pl.DataFrame({"text": ["a b c d e f"], "rated": [7], "prompt": ["p"]}).write_parquet(
        folder / "labelled.parquet"
    )
    text = TRAIN.replace("rule: praise", "rule: priase").replace("  - {labels: labelled.parquet, label: rated, max: 1, work: prompt, whole: true}\n", "")  # fmt: skip
    with pytest.raises(ConfigError, match=r"no such rule in g\.yaml; did you mean praise"):
        read_examples(parse_recipe(text, folder=folder))
