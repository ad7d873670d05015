"""Run by datatrove's interpreter: its English words and the number of its sentences of each text.

In: one JSON string a line. Out: one JSON pair a line, words and number of sentences. The memory of
the last five texts is passed by, and so is the cache of chunks, which datatrove's memory zone never
fills.
"""

import importlib.metadata  # noqa: F401 - datatrove uses it without importing it
import json
import sys

from datatrove.utils.text import SPLIT_TEXT_SENTENCES, SPLIT_TEXT_WORDS, split_into_parts

split = split_into_parts.__wrapped__

for line in sys.stdin:
    text = json.loads(line)
    answer = split(text, SPLIT_TEXT_WORDS), len(split(text, SPLIT_TEXT_SENTENCES))
    sys.stdout.write(json.dumps(answer) + "\n")
