"""One name, four computations: what four projects make of Gopher's repetition rules.

One text, four columns, four numbers, all by hand: the reason why a profile is named after its
project and nothing here is called `gopher` alone. A column whose family is not there is skipped by
its name.
"""

import pyarrow as pa
import pytest

from refinery import _core, presets

# By project: the family, and the profile that has its bounds.
PROJECTS = {
    "datatrove": ("datatrove.gopher_repetition", "datatrove/gopher_repetition"),
    # As shipped, its rules on the most frequent n-gram name no signal there is.
    "dolma": ("dolma.gopher_v1", "dolma/gopher_v1_repaired"),
    "dclm": ("dclm.repetition", "dclm/repetition"),
    "curator": ("curator.heuristics", "curator/heuristic_en"),
}

FIVE_LINES = "Aaaa one.\nBbbb two.\nAaaa one.\nCccc three.\nDddd four."
# Twice `of the`, across a line break each time.
ACROSS_LINES = "of\nthe end of\nthe day of\nthe year"
SHORT = "quick foxes jump"
SIX_WORDS_COPIED = "one two three four five six seven one two three four five six"

# By row: the text, and by project a signal, its value (`None` is null), and what the profile does.
ROWS = {
    "five lines, one of them twice": (
        FIVE_LINES,
        {
            "datatrove": ("dup_line_frac", 1 / 5, "keep"),  # the second copy
            "dolma": ("dup_line_frac", 2 / 5, "drop"),  # both copies
            "dclm": ("dup_line_frac", 2 / 5, "drop"),
            "curator": ("frac_lines_unique", 4 / 5, "keep"),
        },
    ),
    "the characters of that line": (
        FIVE_LINES,
        {
            "datatrove": ("dup_line_char_frac", 9 / 52, "keep"),  # over the text
            "dolma": ("dup_line_char_frac", 18 / 43, "drop"),  # over characters in words
            "dclm": ("dup_line_char_frac", 18 / 48, "drop"),  # over characters in lines
            "curator": ("frac_line_chars_unique", 39 / 48, "keep"),
        },
    ),
    "a perfect line between newlines": (
        "\nA perfect document of a single line.\n",
        {
            "datatrove": ("dup_line_frac", 1 / 3, "drop"),  # two equal lines: the empty ones
            "dolma": ("dup_line_frac", 2 / 3, "drop"),
            "dclm": ("dup_line_frac", 0.0, "keep"),
            "curator": ("frac_lines_unique", 1.0, "keep"),
        },
    ),
    "one line only": (
        "A perfect document of a single line.",
        {
            "datatrove": ("dup_line_frac", 0.0, "keep"),
            "dolma": ("dup_line_frac", 0.0, "keep"),
            "dclm": ("dup_line_frac", 0.0, "keep"),
            "curator": ("frac_lines_unique", 1.0, "keep"),
        },
    ),
    "a 2-gram three times, across lines": (
        ACROSS_LINES,
        {
            "datatrove": (
                "top_2gram_char_frac",
                3 * 6 / 33,
                "drop",
            ),  # with its space, over the text
            "dolma": ("top_2gram_char_frac", 3 * 5 / 25, "drop"),  # without, over words
            "dclm": ("top_2gram_char_frac", 3 * 5 / 25, "drop"),
            "curator": ("top_2gram_char_frac", 0.0, "keep"),  # its text is nowhere to be deleted
        },
    ),
    "2-grams once each": (
        SHORT,
        {
            "datatrove": ("top_2gram_char_frac", 11 / 16, "drop"),  # a count of 1 counts
            "dolma": ("top_2gram_char_frac", 10 / 14, "drop"),
            "dclm": ("top_2gram_char_frac", 0.0, "keep"),
            "curator": ("top_2gram_char_frac", 11 / 16, "drop"),
        },
    ),
    "fewer words than n": (
        SHORT,
        {
            "datatrove": ("top_4gram_char_frac", None, "keep"),
            "dolma": ("top_4gram_char_frac", None, "keep"),
            "dclm": ("top_4gram_char_frac", None, "keep"),
            "curator": ("top_4gram_char_frac", None, "drop"),
        },
    ),
    "six words copied": (
        SIX_WORDS_COPIED,
        {
            # A scan finds five words again, jumps over them, and one is left.
            "datatrove": ("dup_5gram_char_frac", 19 / 61, "drop"),
            # Four of nine 5-grams, each with all its characters.
            "dolma": ("dup_5gram_char_frac", 76 / 173, "drop"),
            # Both copies, six words each.
            "dclm": ("dup_5gram_char_frac", 44 / 49, "drop"),
            # The second copy with the gaps between its words, over the text.
            "curator": ("dup_5gram_char_frac", 27 / 61, "drop"),
        },
    ),
}
CELLS = [(row, project) for row in ROWS for project in PROJECTS]


def keeps(rule, value):
    """Whether a value passes a rule."""
    if value is None:
        return rule.undefined == "keep"
    return value >= rule.bound if rule.side == "min" else value <= rule.bound


def test_the_table_is_whole():
    assert len(CELLS) == 32
    assert all(row.keys() == PROJECTS.keys() for _, row in ROWS.values())


@pytest.mark.parametrize(("row", "project"), CELLS)
def test_one_cell(row, project):
    family, profile = PROJECTS[project]
    if family not in {found["name"] for found in _core.families()}:
        pytest.skip(f"there is no family {family}")
    text, by_project = ROWS[row]
    name, value, verdict = by_project[project]
    batch = _core.Pass(families=[family]).run(pa.array([text]))
    (found,) = pa.record_batch(batch).to_pylist()
    column = f"{family}.{name}"
    assert found[column] == (None if value is None else pytest.approx(value, abs=1e-15))
    if profile in presets.names():
        rules = [rule for rule in presets.load(profile).rules if rule.column == column]
        assert rules
        for rule in rules:
            assert keeps(rule, found[column]) == (verdict == "keep")
