"""A recipe applies its parts in their order, each to the text that the edits before it left."""

import pyarrow as pa
import pytest

from refinery import _core, presets
from refinery.explain import explain_text
from refinery.views import Views
from twins.dclm import recipe, text_edits

PROSE = """The harbour lay quiet when the first boats came in that morning, and the gulls had gone.
Two women carried baskets of herring up the stone steps and counted them aloud to each other.
Nobody had expected such a catch after a week of storms from the west that broke the pier.
An old clerk wrote each name with care in his brown book, and he did not hurry with it.
Children who should have been at school ran between carts to look for crabs under ropes.
By noon every fish had been sold, salted or given away to neighbours who live on the hill."""
LINES = PROSE.split("\n")
CASES = {
    "prose": PROSE,
    "no text": "",
    "addresses": f"{PROSE}\nRead it at http://example.com/a?b=c and at www.example.org too, of course.",
    "begins with a domain": f"In http://example.com/a {PROSE}",
    "only an address": "http://10.0.0.1/a",
    "many newlines": PROSE.replace("\n", "\n\n\n\n"),
    "few words": LINES[0],
    "symbols": PROSE.replace(" ", " # "),
    "bullets": PROSE.replace("\n", "\n- "),
    "no stop words": " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(90)),
    "repeated lines": "\n".join([*LINES, *[LINES[0]] * 4]),
    "a short line": f"{PROSE}\nMenu",
    "short lines": f"{PROSE}\n" + "Menu\nShop\n" * 20,
    "a line in capitals": f"{PROSE}\nALL RIGHTS RESERVED BY THE AUTHOR OF THIS TEXT AND HIS HEIRS.",
    "a counter": f"{PROSE}\n3 likes",
}


def uax29_words(text):
    (words,) = pa.array(_core.uax29_words(pa.array([text]))).to_pylist()
    return words


def first_reason(profile, text):
    failure = explain_text(profile, text).first_failure
    return failure and failure.original_reason


@pytest.mark.parametrize("case", CASES)
def test_dclm_gives_the_verdict_and_reason_of_its_twin(case):
    assert first_reason("dclm", CASES[case]) == recipe.reason(CASES[case], uax29_words)


def test_the_cases_of_dclm_reach_its_parts():
    reasons = {recipe.reason(text, uax29_words) for text in CASES.values()}
    assert None in reasons
    assert len(reasons) >= 7
    # The same text on its own view and as it was read: the recipe's is the one of the edits.
    text = CASES["begins with a domain"]
    assert recipe.cleaned(text) != text


@pytest.mark.parametrize("case", CASES)
def test_dclm_writes_what_its_edits_leave(case):
    edits = Views().edits(presets.load("dclm").writes)
    (left,) = pa.array(_core.edited(pa.array([CASES[case]]), edits)).to_pylist()
    assert left == text_edits.line_steps(recipe.cleaned(CASES[case]))[-1]


@pytest.mark.parametrize("name", [n for n in presets.names() if presets.load(n).parts])
def test_a_recipe_is_the_rules_of_its_parts_in_order(name):
    preset = presets.load(name)
    assert preset.rules == tuple(rule for part in preset.parts for rule in presets.load(part).rules)
    assert preset.writes in Views()
    for part in preset.parts:
        assert presets.exists(part)


def test_refinedweb_removes_repetition_before_it_looks_at_quality():
    text = "\n".join([LINES[0]] * 3)
    assert first_reason("refinedweb", text) == "duplicate_lines"
    assert first_reason("refinedweb", LINES[0]) == "top_4_gram"
    assert first_reason("refinedweb", PROSE) is None
    assert first_reason("refinedweb", CASES["short lines"]) is not None
