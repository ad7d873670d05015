"""Run by Curator's interpreter: what its English cascade of heuristic filters says of each text.

In: one JSON string a line. Out: one JSON object a line with `scores` (by the filter's name; the
error's type where a filter stops), `verdict` (`[kept, name of the first filter that does not keep]`,
or `["error", name]` where a filter stops before) and `porn`. Order and bounds are those of the
configuration file that the package ships. Asked `{"list": name}`, it answers that list of constants.

The package itself needs a cluster and a GPU stack, the filters need neither: the packages above
them are entered without running their `__init__`. One thing is not left as it is: a filter takes
the first of a Python set of n-grams, another one in every process; here sets keep the order in
which their members came.
"""

import importlib
import importlib.util
import json
import sys
import types
from pathlib import Path

import yaml

CONFIG = "config/text/heuristic_filter_english_pipeline.yaml"


def enter(package):
    """Make a package importable without what its `__init__` imports."""
    parent, _, name = package.rpartition(".")
    if parent:
        paths = [str(Path(sys.modules[parent].__path__[0]) / name)]
    else:
        paths = list(importlib.util.find_spec(package).submodule_search_locations)
    module = types.ModuleType(package)
    module.__path__ = paths
    sys.modules[package] = module


for package in ("", ".stages", ".stages.text", ".stages.text.utils", ".stages.text.filters"):
    enter("nemo_curator" + package)
repetition = importlib.import_module(
    "nemo_curator.stages.text.filters.heuristic.repetition.repetition"
)
string = importlib.import_module("nemo_curator.stages.text.filters.heuristic.string")
constants = importlib.import_module("nemo_curator.stages.text.utils.constants")
repetition.set = dict.fromkeys


def shipped_filters():
    """The filters of the configuration, in its order."""
    root = Path(sys.modules["nemo_curator"].__path__[0])
    for stage in yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))["stages"]:
        options = dict(stage.get("filter_obj") or {})
        if options:
            name = options.pop("_target_").rpartition(".")[2]
            yield getattr(repetition if hasattr(repetition, name) else string, name)(**options)


FILTERS = list(shipped_filters())
PORN = string.PornographicUrlsFilter()


def ask(text):
    """What every filter says of one text."""
    scores, verdict = {}, None
    for each in FILTERS:
        try:
            score = each.score_document(text)
        except (ZeroDivisionError, ValueError) as error:
            scores[each.name] = type(error).__name__
            verdict = verdict or ["error", each.name]
            continue
        scores[each.name] = score
        if not each.keep_document(score):
            verdict = verdict or [False, each.name]
    return {"scores": scores, "verdict": verdict or [True, None], "porn": PORN.score_document(text)}


if __name__ == "__main__":
    for line in sys.stdin:
        question = json.loads(line)
        if isinstance(question, dict):
            answer = list(getattr(constants, question["list"]))
        else:
            answer = ask(question)
        sys.stdout.write(json.dumps(answer) + "\n")
