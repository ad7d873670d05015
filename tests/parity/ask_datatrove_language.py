"""Run by datatrove's interpreter: what its LanguageFilter says of a text with a model of ours.

In: one JSON object a line, `{"text": text, "model": path, "languages": list}`. Out: one JSON pair a
line, whether the text is kept and the scores of the languages. Nothing is fetched.
"""

import functools
import json
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import LanguageFilter
from fasttext.FastText import _FastText


@functools.cache
def language_filter(model, languages):
    """The filter with the model of that path in the place of its own."""
    made = LanguageFilter(list(languages))
    made.model._model = _FastText(model)
    return made


for line in sys.stdin:
    question = json.loads(line)
    step = language_filter(question["model"], tuple(question["languages"]))
    document = Document(text=question["text"], id="0")
    answer = [bool(step.filter(document)), step.model.predict(document)[1]]
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
