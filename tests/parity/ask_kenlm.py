"""Run by an interpreter with kenlm and sentencepiece: what they say.

In: one JSON object a line. `{"train": texts, "model": path, "options": ...}` trains a SentencePiece
model; `{"arpa": path, "line": text}` is KenLM's score; `{"arpa": path}` alone is the error with which
KenLM refuses the file, or null; `{"model": path, "text": text}` are the pieces of a text;
`{"arpa": path, "model": path, "normal": text}` is CCNet's perplexity of a normalised text.
"""

import functools
import json
import sys

import kenlm
import sentencepiece


@functools.cache
def arpa(path):
    """The language model of a file."""
    return kenlm.Model(path)


@functools.cache
def pieces(path):
    """The SentencePiece model of a file."""
    return sentencepiece.SentencePieceProcessor(model_file=path)


def perplexity(question):
    """`MultiSentencePiece` and `DocLM` of a text that is normalised."""
    tokenized = " ".join(pieces(question["model"]).encode_as_pieces(question["normal"]))
    if not tokenized:
        return None
    log_score, length = 0, 0
    for line in tokenized.split("\n"):
        log_score += arpa(question["arpa"]).score(line)
        length += len(line.split()) + 1
    return round(10.0 ** (-log_score / length), 1)


def answer(question):
    """One answer."""
    if "train" in question:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(question["train"]),
            model_prefix=question["model"].removesuffix(".model"),
            minloglevel=2,
            **question["options"],
        )
        return None
    if "normal" in question:
        return perplexity(question)
    if "line" in question:
        return arpa(question["arpa"]).score(question["line"])
    if "text" in question:
        return pieces(question["model"]).encode_as_pieces(question["text"])
    try:
        arpa(question["arpa"])
    except OSError as error:
        return str(error)
    return None


for question in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(question))) + "\n")
