"""What must not be forgotten: every signal explained, twinned and bounded by something that exists.

Each test first shows that it found anything at all: a guard over a folder that moved passes for ever.
"""

import importlib
from pathlib import Path

import pytest

import refinery as rf
from refinery import _core, presets
from refinery import signal_table as signals
from refinery.explain import explain, overview

ROOT = Path(__file__).parents[2]
FAMILIES = list(signals.families().values())


def test_there_are_families_and_presets():
    assert len(FAMILIES) >= 7
    assert len(presets.names()) >= 7


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_a_family_names_its_source_and_explains_every_signal(family):
    assert family.source
    for signal in family.signals:
        assert signal.definition.endswith("."), signal.column
        assert signal.range, signal.column
        assert explain(signal.column).lines[0] == signal.definition


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_a_family_has_a_twin(family):
    name = family.name.removeprefix("datatrove.").removesuffix("_fineweb")
    twin = importlib.import_module(f"twins.{name}")
    assert twin.__doc__


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_bounds_signals_that_exist_and_says_where_from(name):
    preset = presets.load(name)
    assert preset.source
    assert preset.rules
    for rule in preset.rules:
        signal = signals.column(rule.column)
        if signal is None:
            assert signals.is_base_column(rule.column) or rule.column in preset.scores
        else:
            assert signal.family == preset.family or preset.parts
        assert rule.undefined in ("keep", "drop")


def test_an_edit_names_its_source_and_is_explained():
    assert len(signals.edits()) >= 2
    for edit in signals.edits().values():
        assert edit.source
        assert edit.definition.endswith("."), edit.name
        assert any(edit.definition in line for line in explain(edit.name).lines)


def test_the_overview_names_every_preset_family_and_view():
    named = {row[1] for row in overview().rows}
    expected = {*presets.names(), *(f.name.replace(".", "/") for f in FAMILIES), *presets.views()}
    assert expected <= named


def test_every_reason_for_quarantine_is_explained():
    reasons = {name: text for kind in _core.input_reasons().values() for name, text in kind.items()}
    assert len(reasons) >= 20
    assert reasons.keys() <= {row[1] for row in overview().rows}
    assert all(explain(name).lines == [text] for name, text in reasons.items())


def test_every_built_in_model_has_a_card_that_says_what_it_is_for():
    shown = {row[1]: row[2] for row in overview().rows if row[0] == "model"}
    assert {"builtin/textbook", "builtin/toxicity"} <= set(shown)
    for name, meaning in shown.items():
        assert meaning.endswith("."), name
        assert explain(name).lines[0] == meaning


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        ("pipeline", "refinery.config"),
        ("train", "refinery.training.config"),
        ("label", "refinery.labelling.config"),
    ],
)
def test_the_committed_schema_is_the_one_of_the_code(kind, module):
    import importlib
    import json

    committed = json.loads((ROOT / "docs" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(importlib.import_module(module).json_schema()))
    assert committed == made, "run: make generate"


def test_every_public_name_can_be_loaded():
    assert len(rf.__all__) >= 4
    for name in rf.__all__:
        assert getattr(rf, name) is not None


def test_the_extension_is_an_optimised_build():
    assert _core.IS_OPTIMISED
