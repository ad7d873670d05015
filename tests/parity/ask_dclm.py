"""Run by an interpreter with the libraries that DCLM's filters call: uniseg, retrie, fasttext.

In: one JSON string a line. Out: one JSON object a line: `cleaned`, the text without addresses (the
pattern of domains made by retrie) and long runs of newlines; of it `parts`, all parts that uniseg
cuts, and `n_words`, as fastText's tokenizer counts them; and `reason`, the first filter of the recipe
that drops the text, by the twin of the recipe with uniseg's words.
"""

import functools
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import fasttext
from retrie.retrie import Blacklist
from uniseg.wordbreak import words

from twins.dclm import recipe, text_edits


@functools.cache
def patterns():
    """As the twin's, with the alternatives in a tree as the original has them."""
    names = Blacklist([re.escape(name) for name in text_edits.domains()], match_substrings=True)
    host = r"[-a-zA-Z0-9@:%._+~#=]{1,256}"
    path = r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
    named = rf"\s{{0,10}}(?:((https?|ftp)://))?{host}\.({names.compiled.pattern})\b({path})"
    return names.compiled, re.compile(named)


@functools.lru_cache(1)
def parts(text):
    """All parts that uniseg cuts; it is slow, so the last text is remembered."""
    return list(words(text))


def uax29_words(text):
    """uniseg's parts that begin with a letter or a number."""
    return [part for part in parts(text) if part[0].isalnum()]


text_edits.patterns = patterns
for line in sys.stdin:
    text = json.loads(line)
    cleaned = recipe.cleaned(text)
    tokens = fasttext.FastText.tokenize(cleaned)
    answer = {
        "cleaned": cleaned,
        "parts": parts(cleaned),
        "n_words": sum(token[0].isalnum() for token in tokens),
        "reason": recipe.reason(text, uax29_words),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
