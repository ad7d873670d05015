"""Write the tables of spaCy's blank English tokenizer as a Rust file.

Run with an interpreter that has the spaCy release whose words are to be reproduced::

    python tests/parity/generate_spacy_tables.py rust/refinery-core/src/text/spacy/tables.rs

Character classes are probed, one code point at a time, with the compiled patterns themselves, so
an oddity of a pattern (a stray `|` or `(` inside a class) is kept instead of being read past.
"""

import re
import sys
import unicodedata
from pathlib import Path

import spacy
from spacy.lang import char_classes as cc
from spacy.lang.en.punctuation import TOKENIZER_INFIXES
from spacy.lang.punctuation import TOKENIZER_SUFFIXES
from spacy.pipeline import Sentencizer
from spacy.symbols import ORTH
from spacy.util import compile_infix_regex

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
LINE = 98


def matches(pattern):
    """Return a test of one character: does `pattern` match it as a whole."""
    return re.compile(pattern).fullmatch


def char_tests(nlp):
    """Return name -> (meaning, test of one character), in the order of their bits."""
    prefix, suffix = nlp.tokenizer.prefix_search, nlp.tokenizer.suffix_search
    dots = [
        e
        for e in TOKENIZER_SUFFIXES
        if e.startswith("(?<=[0-9") and e.endswith(r"])\.") and len(e) > 30
    ]
    infix_dots = [e for e in TOKENIZER_INFIXES if r"\.(?=[" in e]
    assert (len(dots), len(infix_dots)) == (1, 1)
    before, after = infix_dots[0].split(r"\.")
    icons = compile_infix_regex([*cc.LIST_ICONS, "…"])
    ends = set(Sentencizer.default_punct_chars)
    return {
        "SPACE": ("`str.isspace`", str.isspace),
        "PREFIX": ("cut off at the front whatever follows", lambda c: c != "+" and prefix(c)),
        "SUFFIX": ("cut off at the end whatever stands before", suffix),
        "DOT_AFTER": ("a final full stop is cut off after it", matches(dots[0][4:-3])),
        "ALPHA": ("spaCy's letters", matches(f"[{cc.ALPHA}]")),
        "LOWER": (
            "spaCy's lower-case letters and the letters of caseless scripts",
            matches(f"[{cc.ALPHA_LOWER}]"),
        ),
        "UPPER": (
            "spaCy's upper-case letters and the letters of caseless scripts",
            matches(f"[{cc.ALPHA_UPPER}]"),
        ),
        "ICON": ("a token of its own inside a chunk", icons.fullmatch),
        "STOP_LEFT": ("may stand before an inner full stop that cuts", matches(before[4:-1])),
        "STOP_RIGHT": ("may stand after an inner full stop that cuts", matches(after[3:-1])),
        "RE_WORD": (r"`\w` of Python's `re`", matches(r"\w")),
        "RE_DIGIT": (r"`\d` of Python's `re`", matches(r"\d")),
        "PUNCT": ("Unicode category P", lambda c: unicodedata.category(c).startswith("P")),
        "SENTENCE_END": ("ends a sentence as a token of its own", ends.__contains__),
    }


def class_runs(tests):
    """Yield (first code point, bits): the bits hold up to the next run."""
    bits = [(1 << i, test) for i, (_, test) in enumerate(tests.values())]
    last = 0
    for code in CODE_POINTS:
        char = chr(code)
        now = sum(bit for bit, test in bits if test(char))
        if now != last or code == 0:
            yield code, now
        last = now


def exceptions(nlp):
    """Yield every special case that is not white space, its tokens separated by a space."""
    for text, tokens in sorted(nlp.tokenizer.rules.items()):
        if not text.strip():
            continue
        assert not any(map(str.isspace, text)), text
        parts = [token[ORTH] for token in tokens]
        assert "".join(parts) == text, text
        assert all(parts), text
        yield " ".join(parts)


def after_digit():
    """Return what is cut off after an ASCII digit: units and currency signs."""
    words = {*cc.UNITS.split("|"), *(c.replace("\\", "") for c in cc.CURRENCY.split("|"))}
    assert not any(re.search("[0-9]", word) for word in words)
    return sorted(words - {""})


def long_prefixes(nlp):
    """Return the prefixes of more than one character that are cut off as a whole."""
    words = [c.replace("\\", "") for c in cc.LIST_CURRENCY]
    return sorted(w for w in words if len(w) > 1 and nlp.tokenizer.find_prefix(w) == len(w))


def rust_string(text):
    """Return a Rust literal of `text`; what is not ASCII is escaped so that no glyph misleads."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if " " <= c <= "~" else f"\\u{{{ord(c):X}}}" for c in escaped) + '"'


def wrapped(items):
    """Yield lines of comma-separated `items`."""
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > LINE:
            yield line
            line = "   "
        line += f" {item},"
    yield line


def table(doc, head, items):
    """Return the lines of one table."""
    return [f"/// {doc}", f"pub(super) static {head} = &[", *wrapped(items), "];", ""]


def main(path):
    nlp = spacy.blank("en")
    assert nlp.tokenizer.token_match is None
    tests = char_tests(nlp)
    lines = [
        "//! Tables of spaCy's blank English tokenizer: facts, no rules. Written by",
        "//! `tests/parity/generate_spacy_tables.py`; change that, not this.",
        "//!",
        f"//! Source: `spaCy` {spacy.__version__} (MIT licence, by `ExplosionAI` and others),",
        "//! `lang/en`, `lang/char_classes.py`, `pipeline/sentencizer.pyx`; `isspace`, `\\w`, `\\d` and category P",
        f"//! as in Python {sys.version_info.major}.{sys.version_info.minor} (Unicode {unicodedata.unidata_version}).",
        "",
    ]
    for i, (name, (doc, _)) in enumerate(tests.items()):
        lines += [f"/// Class bit: {doc}.", f"pub(super) const {name}: u16 = 1 << {i};"]
    lines.append("")
    runs = [f"(0x{code:X}, 0x{bits:X})" for code, bits in class_runs(tests)]
    lines += table(
        "Class bits by runs of code points: first of the run, bits.",
        "CLASS_RUNS: &[(u32, u16)]",
        runs,
    )
    lines += table(
        "What is cut off after an ASCII digit.",
        "AFTER_DIGIT: &[&str]",
        map(rust_string, after_digit()),
    )
    lines += table(
        "Prefixes of more than one character.",
        "LONG_PREFIXES: &[&str]",
        map(rust_string, long_prefixes(nlp)),
    )
    lines += table(
        "Special cases; a space separates their tokens.",
        "SPECIAL_CASES: &[&str]",
        map(rust_string, exceptions(nlp)),
    )
    Path(path).write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
