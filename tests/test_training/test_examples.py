"""Which chunks become examples: cutting, drawing, conditions, splitting."""

import random

import polars as pl
import pytest

from refinery.errors import ConfigError, ParameterError
from refinery.training.conditions import holds, meets
from refinery.training.config import Condition, parse_recipe
from refinery.training.examples import Chunk, Document, Sampler, cut, draw_key, generator
from refinery.training.labelled import read_labels
from refinery.training.splitting import OneWorkError, split_works

MINIMAL = "input: {path: raw/*.parquet}\npositives: [{path: books/}]\noutput: m.bin\n"


def pieces(text):
    return cut(text, 10, 40, generator(1, "length", text[:20]))


def documents(n, seed=0):
    draw = random.Random(seed)
    return [
        Document(
            f"d{i}",
            " ".join(f"w{draw.randrange(99)}" for _ in range(200)),
            f"work{i % 7}",
            f"s{i % 3}",
        )
        for i in range(n)
    ]


def test_cut_keeps_order_and_lengths_and_leaves_out_what_is_short():
    found = list(cut(" ".join(map(str, range(500))), 10, 40, generator(3, "length", "x")))
    assert " ".join(found).split() == [str(i) for i in range(len(" ".join(found).split()))]
    assert all(10 <= len(piece.split()) <= 40 for piece in found)
    assert 500 - len(" ".join(found).split()) < 10
    assert list(cut("one two three", 10, 40, generator(3, "length", "x"))) == []


def test_cut_measures_scripts_without_spaces_by_characters():
    sentence = "\u6f22\u5b57\u304b\u306a\u4ea4\u3058\u308a" * 6
    found = list(cut(" ".join([sentence] * 100), 10, 40, generator(3, "length", "x")))
    assert len(found) > 10
    assert all(len(piece) <= 40 * 9 + len(sentence) for piece in found)


@pytest.mark.parametrize(
    ("limit", "per_document", "per_source"), [(20, 3, None), (50, 9, 4), (500, 2, None)]
)
def test_sampler_is_the_naive_draw_for_any_order(limit, per_document, per_source):
    rows = documents(40)

    def key(name):
        return draw_key(5, "part", name)

    expected, of_source = [], {}
    for row in sorted(rows, key=lambda d: key(d.id)):
        numbered = sorted(enumerate(pieces(row.text)), key=lambda p: key(f"{row.id} {p[0]}"))
        for _, text in sorted(numbered[:per_document]):
            of_source[row.origin] = of_source.get(row.origin, 0) + 1
            if per_source is None or of_source[row.origin] <= per_source:
                expected.append(text)
    for order in (rows, rows[::-1], random.Random(2).sample(rows, len(rows))):
        sampler = Sampler(limit, per_document, per_source, key)
        for row in order:
            sampler.offer(row, pieces, "hq")
        assert [chunk.text for chunk in sampler.chunks()] == expected[:limit]
        assert sampler.documents == 40


def test_split_holds_out_whole_works_of_both_classes():
    chunks = [Chunk("hq" if i % 3 else "lq", f"t{i}", f"work {i % 20}", "s") for i in range(600)]
    split = split_works(chunks, 0.1, seed=4)
    assert {c.work for c in split.trained}.isdisjoint(c.work for c in split.held_out)
    assert len(split.trained) + len(split.held_out) == 600
    for label in ("hq", "lq"):
        share = sum(c.label == label for c in split.held_out) / sum(
            c.label == label for c in chunks
        )
        assert 0.1 <= share < 0.3
    assert split_works(chunks[::-1], 0.1, seed=4).held_out == split.held_out[::-1]


def test_a_class_of_one_work_cannot_be_judged():
    chunks = [Chunk("hq", f"t{i}", "book", "s") for i in range(9)]
    chunks += [Chunk("lq", f"n{i}", f"page {i}", "s") for i in range(9)]
    with pytest.raises(OneWorkError, match="all chunks of hq are of one work, book"):
        split_works(chunks, 0.1, seed=0)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{licence: CC0}", ["a"]),
        ("{licence: [CC0, MIT], n: {max: 2}}", ["a", "b"]),
        ("{licence: {matches: '^CC', excludes: NC}}", ["a"]),
        ("{n: {min: 2}}", ["b", "c"]),
        ("{n: 3}", ["c"]),
        ("{}", ["a", "b", "c", "d"]),
    ],
)
def test_conditions_and_null_meets_none(where, expected):
    recipe = parse_recipe(MINIMAL.replace("{path: books/}", f"{{where: {where}}}"))
    frame = pl.DataFrame(
        {"id": list("abcd"), "licence": ["CC0", "MIT", "CC BY-NC", None], "n": [1, 2, 3, None]}
    )
    assert frame.filter(meets(recipe.config.positives[0].where))["id"].to_list() == expected


def test_condition_that_is_no_expression_names_its_column():
    recipe = parse_recipe(MINIMAL.replace("{path: books/}", "{where: {licence: {matches: '('}}}"))
    with pytest.raises(ParameterError, match=r"where\.licence: '\(' is not a regular expression"):
        meets(recipe.config.positives[0].where)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(None, [0, 1, 2]), (Condition(matches="a"), [0, 1]), (Condition(matches="a", excludes="b"), [0])],
)  # fmt: skip
def test_what_a_chunk_must_hold(condition, expected):
    assert [i for i, text in enumerate(["xa", "ab", "c"]) if holds(condition)(text)] == expected


def test_chunk_condition_that_is_no_expression_is_named():
    with pytest.raises(ParameterError, match=r"holds: '\(' is not a regular expression"):
        holds(Condition(matches="("))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("m.bin", "m.ftz"), "3:1: output: m.ftz: a dense model is called"),
        (("{path: books/}", "{path: b/, made_up: log, chunks: 3}"), "path and made_up exclude each"),
        (("{path: books/}", "{made_up: log}"), "made_up needs chunks"),
        (("{path: books/}", "{made_up: log, chunks: 3}"), "made_up text is for negatives only"),
        (("{path: books/}", "{grammar: g.yaml, rule: a}"), "grammar needs chunks"),
        (("{path: books/}", "{grammar: g.yaml, chunks: 3}"), "grammar and rule belong together"),
        (("{path: books/}", "{labels: l.parquet}"), "labels and its bounds"),
        (("{path: books/}", "{min: 3}"), "labels and its bounds"),
        (("input: {path: raw/*.parquet}", ""), "is of the pool, which input: would name"),
        (("{path: books/}", "{paths: books/}"), "no such key; did you mean path"),
        (("m.bin", "m.bin\nfasttext: {epochs: 3}"), "fasttext.epochs: no such key; did you mean epoch"),
        (("m.bin", "m.bin\nchunks: {words: [50, 20]}"), "the shortest .50. is longer"),
        (("m.bin", "m.bin\nself: {trust: 2}"), "4:8: self.trust"),
    ],
)  # fmt: skip
def test_training_file_with_a_problem_is_refused_with_its_place(change, message):
    with pytest.raises(ConfigError, match=message):
        parse_recipe(MINIMAL.replace(*change))


def test_labels_of_several_people_are_averaged(tmp_path):
    rows = {"id": ["a", "a", "b", "c"], "label": [5, 4, 1, None], "text": ["x", None, "y", "z"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "l.parquet")
    found = read_labels(tmp_path / "l.parquet", "l.parquet")
    assert found.select("id", "label", "text").rows() == [("a", 4.5, "x"), ("b", 1.0, "y")]


def test_labels_of_another_column_and_what_a_work_is(tmp_path):
    rows = {"text": ["x", "x", "y"], "label": ["?", "?", "?"], "rated": [8, 6, 0], "by": ["p", "p", "q"]}  # fmt: skip
    pl.DataFrame(rows).write_parquet(tmp_path / "l.parquet")
    found = read_labels(tmp_path / "l.parquet", "l.parquet", label="rated", carried=["by"])
    assert found.select("id", "label", "by").rows() == [("x", 7.0, "p"), ("y", 0.0, "q")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"]}, "a labelled set has the columns label"),
        ({"id": ["a"], "label": ["good"]}, "1 labels are no numbers, such as 'good'"),
    ],
)
def test_labelled_set_that_cannot_serve(tmp_path, columns, message):
    pl.DataFrame(columns).write_parquet(tmp_path / "l.parquet")
    with pytest.raises(Exception, match=message):
        read_labels(tmp_path / "l.parquet", "l.parquet")
