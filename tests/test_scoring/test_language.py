"""datatrove's LanguageFilter spelled with a score: a language model, a label, a strict bound.

The original reads `text` with newlines as spaces and every label (`k=-1`), and keeps what scores
above 0.65 in the language. `parity/test_datatrove_language.py` has the original itself.
"""

import random

import pytest

from conftest import kept_rows, run_here, write_file
from refinery.scoring.train import run_library

fasttext = pytest.importorskip("fasttext")

WORDS = {
    "en": "the of and to in that was with his which from had they were been their".split(),  # noqa: SIM905
    "fr": "les des est dans pour que qui une sur avec pas plus par sont mais nous".split(),  # noqa: SIM905
    "de": "der die und den von das mit sich des auf ist im dem nicht ein eine".split(),  # noqa: SIM905
}
BOUND = 0.65


def made_texts(n, seed):
    """Texts of one to three languages on several lines."""
    draw = random.Random(seed)
    texts = []
    for _ in range(n):
        languages = draw.sample(sorted(WORDS), draw.choice([1, 1, 2, 3]))
        words = [draw.choice(WORDS[draw.choice(languages)]) for _ in range(draw.randrange(1, 30))]
        texts.append(
            "".join(word + draw.choice(["  ", " ", "\n", "\r\n", "\n\n"]) for word in words)
        )
    return texts


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A language model as small as can be."""
    draw = random.Random(1)
    lines = [
        f"__label__{language} {' '.join(draw.choices(words, k=12))}"
        for _ in range(200)
        for language, words in WORDS.items()
    ]
    path = tmp_path_factory.mktemp("language") / "lid.bin"
    settings = {
        "dim": 8,
        "epoch": 4,
        "lr": 0.3,
        "minn": 2,
        "maxn": 4,
        "bucket": 5000,
        "minCount": 1,
    }
    run_library(lines, path, settings, None)
    return path


def language_filter(reference, text, language):
    """What the original computes: kept or not, and the score."""
    labels, scores = reference.predict(text.replace("\n", " "), k=-1)
    found = dict(zip((label.split("__")[2] for label in labels), scores.tolist(), strict=True))
    return found.get(language, 0.0) > BOUND, found.get(language, 0.0)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_language_is_a_score_and_a_bound(tmp_path, model, language):
    rows = [{"id": f"{i:04}", "text": text} for i, text in enumerate(made_texts(600, seed=2))]
    write_file(tmp_path / "raw/a.parquet", rows)
    run = run_here(
        tmp_path,
        f"input: {{path: raw/*, id: id}}\n"
        f"annotate: {{scores: [{{name: {language}, model: {model}, label: {language}}}]}}\n"
        f"decide: [rules: {{{language}: {{above: {BOUND}}}}}]\n"
        "output: {path: out}\n",
    )
    reference = fasttext.load_model(str(model))
    expected = {row["id"]: language_filter(reference, row["text"], language) for row in rows}
    scores = dict(run.annotations.select("id", language).collect().iter_rows())
    for key, (_, score) in expected.items():
        assert scores[key] == pytest.approx(score, abs=1e-6)
    assert all(abs(score - BOUND) > 1e-6 for _, score in expected.values())
    kept = {row["id"] for row in kept_rows(run.path)}
    assert kept == {key for key, (is_kept, _) in expected.items() if is_kept}
    assert 50 < len(kept) < 550
