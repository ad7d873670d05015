"""The YAML that is read: plain values with their places, and nothing that executes or explodes."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery.errors import ConfigError
from refinery.yaml_file import parse, parse_scalar, render_path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("1e-5", 1e-5),
        ("1e5", 1e5),
        ("-.5", -0.5),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("-7", -7),
        ("12:30:00", "12:30:00"),
        ("2024-01-31", "2024-01-31"),
        ("~", None),
        ("null", None),
        ("", None),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("'7'", "7"),
        ('"a\\tb"', "a\tb"),
        ("512MB", "512MB"),
        ("<<", "<<"),
        ("=", "="),
        ("$(id)", "$(id)"),
        ("{a: 1}", {"a": 1}),
        ("[1, [2]]", [1, [2]]),
        ("9" * 40, int("9" * 40)),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_float():
    assert math.isnan(parse_scalar(".nan"))
    assert math.isnan(parse_scalar(".NaN"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: !!python/object/apply:os.system ['touch canary']", 1, "not allowed"),
        ("a: 1\nb: !!python/name:os.system", 2, "not allowed"),
        ("a:\n  - !!python/module:os", 2, "not allowed"),
        ("a: !custom x", 1, "tag !custom is not allowed"),
        ("!custom\na: 1", 1, "not allowed"),
        ("a: !!binary aGk=", 1, "not allowed"),
        ("a: !!omap [x: 1]", 1, "not allowed"),
        ("a: 1\na: 2", 2, "duplicate key, first given in line 1"),
        ("? [1, 2]\n: 3", 1, "a key must be a plain name"),
        ("a: [1", 1, "not valid YAML"),
        ("a: 1\n b: 2", 2, "not valid YAML"),
        ("a: *nowhere", 1, "not valid YAML"),
        ("a: &x [*x]", 1, "nested too deep"),
        ("a: \x07", 0, "not valid YAML"),
        ("a: 1\n---\nb: 2", 2, "not valid YAML"),
        ("[" * 102 + "]" * 102, 1, "nested too deep"),
        ("[" * 10_000 + "]" * 10_000, 0, "nested too deep"),
        ("{a: " * 5_000 + "1" + "}" * 5_000, 0, "nested too deep"),
        ("#" * 1_000_001, 0, "larger than 1000000 characters"),
    ],
)
@pytest.mark.timeout(60)  # a text that takes a reader hours is refused before it is read
def test_what_a_pipeline_may_not_hold_is_refused_with_its_line(text, line, message):
    with pytest.raises(ConfigError) as caught:
        parse(text, "x.yaml")
    problem = caught.value.problems[0]
    assert message in problem.message
    assert line in (problem.line, 0)


@pytest.mark.timeout(60)
def test_alias_bomb_is_refused_at_once():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{c}: &{c} [{', '.join([f'*{b}'] * 9)}]"
        for b, c in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(ConfigError, match="too many values"):
        parse("\n".join(lines), "bomb.yaml")


def test_anchors_within_reason_are_followed():
    assert parse("a: &x {b: 1}\nc: *x", "x.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_every_key_and_item_has_its_place():
    document = parse("a:\n  - b: 1\n    c: [2, 3]\nd: x\n", "x.yaml")
    assert document.place(("a",)) == (1, 1)
    assert document.place(("a", 0, "c")) == (3, 5)
    assert document.place(("a", 0, "c", 1)) == (3, 12)
    assert document.place(("d",)) == (4, 1)
    assert document.place(("a", 0, "absent")) == (2, 5)
    assert render_path(("a", 0, "c", 1)) == "a[0].c[1]"


def test_several_problems_come_together():
    with pytest.raises(ConfigError) as caught:
        parse("a: !x 1\nb: 1\nb: 2\nc: !y 2\n", "x.yaml")
    assert [problem.line for problem in caught.value.problems] == [1, 3, 4]


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_config_error(text):
    with contextlib.suppress(ConfigError):
        parse(text, "x.yaml")
