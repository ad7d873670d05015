"""Run by an interpreter with uniseg: all parts of each text. In and out: one line of JSON a text."""

import json
import sys

from uniseg.wordbreak import words

for line in sys.stdin:
    sys.stdout.write(json.dumps(list(words(json.loads(line)))) + "\n")
