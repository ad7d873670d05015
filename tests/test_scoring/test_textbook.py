"""The built-in model and the recipe for such a model."""

import hashlib
import random
import re
from pathlib import Path
from typing import get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

import refinery
from refinery import _core
from refinery.errors import ConfigError
from refinery.scoring import read_sidecar, synthetic
from refinery.scoring.text_prep import LABEL_PREFIX
from refinery.training import load_recipe
from refinery.training.cleaning import clean
from refinery.training.conditions import meets
from refinery.training.config import MadeUp
from refinery.training.reading import read_examples
from refinery.training.trainer import train

MODEL = Path(refinery.__file__).parent / "models" / "textbook.ftz"
RECIPE = MODEL.with_name("textbook.train.yaml")
# Written for this test.
EXPLANATION = """
Water moves through a plant from its roots to its leaves. The roots take it up from the soil, and thin tubes in the
stem carry it upward. At the surface of the leaf it turns into vapour and leaves through small openings, which the
plant can close when the air is dry. Because each drop that leaves pulls on the water below it, the whole column rises
without a pump. This explains why a cut flower wilts when air enters its stem, and why trees cannot grow without limit.
"""
JUNK = {
    "spam": "FREE!!! Click here NOW to claim your prize, act today, limited offer, 100% guaranteed, no credit check, "
    "lowest mortgage rates ever, to be removed from this list reply with remove in the subject line. "
    * 2,
    "log": "2024-03-01 12:00:01 ERROR worker.pool: connection from 10.0.0.7 closed, retrying request 9f3a attempt 2\n"
    * 12,
    "terms": "By accessing this site you agree to be bound by these terms. We may share your information with third "
    "parties. In no event shall we be liable for any damages arising out of your use of the services. "
    * 3,
    "listing": "Case number: 21-cv-1043 Filed: 3/4/2021 Judge: Smith\nOpinion 21-1043 (PDF) Docket 44\n"
    * 8,
    "other language": "El agua sube por la planta desde las raíces hasta las hojas y allí se evapora por poros muy "
    "pequeños que la planta puede cerrar cuando el aire está seco. " * 3,
}


def scores(texts):
    columns = pa.record_batch(_core.Model(MODEL).predict(pa.array(texts, pa.string())))
    return columns.column("__label__hq").to_pylist()


def test_built_in_model_has_its_description_and_card():
    sidecar = read_sidecar(MODEL)
    assert sidecar is not None
    assert sidecar.name == "textbook"
    assert sidecar.positive_label == "__label__hq"
    assert sidecar.labels == _core.Model(MODEL).labels
    card = MODEL.with_suffix(".md").read_text(encoding="utf-8")
    assert sidecar.sha256 in card
    assert f"{MODEL.stat().st_size:,} bytes" in card
    for origin in sidecar.training["origins"]:
        repository = origin.split(" ", 1)[1]
        if "/" in repository:
            assert repository in card, repository


def test_built_in_model_is_what_its_recipe_gave():
    sidecar = read_sidecar(MODEL)
    assert hashlib.sha256(MODEL.read_bytes()).hexdigest() == sidecar.sha256
    assert sidecar.training["recipe_sha256"] == recipe().hash
    assert sidecar.training["format_auc"] <= recipe().config.leak.max_auc


def test_built_in_model_fits_into_a_package():
    assert MODEL.stat().st_size < 3_000_000


@pytest.mark.parametrize("kind", JUNK)
def test_explanation_ranks_above_junk(kind):
    good, bad = scores([EXPLANATION, JUNK[kind]])
    assert good > 0.5 > bad


def test_line_breaks_do_not_change_the_score():
    first, second = scores([EXPLANATION, " ".join(EXPLANATION.split())])
    assert first == second


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("CC0 / public domain (US government)", True),
        ("public domain", True),
        ("PDDL 1.0 / CC0", True),
        ("CC BY 4.0", True),
        ("CC BY 2.5 (text)", True),
        ("CC BY-SA 4.0", False),
        ("CC BY-NC-SA 4.0", False),
        ("CC BY (African Storybook)", False),
        ("CC BY 4.0-NC", False),
        ("MIT", False),
        ("statutes (public domain)", False),
    ],
)
def test_which_licences_allow_training(licence, allowed):
    parts = [p for side in ("positives", "negatives") for p in getattr(recipe().config, side)]
    asked = [{"licence": p.where["licence"]} for p in parts if p.kind == "pool"]
    assert len(asked) == 23
    row = pl.DataFrame({"licence": [licence]})
    assert [row.filter(meets(where)).height == 1 for where in asked] == [allowed] * 23


# Their licence line is not the last word on their content.
def test_no_source_of_doubtful_licence_is_asked_for():
    config = recipe().config
    sources = [p.where["source"].any_of for p in [*config.positives, *config.negatives] if p.where]
    named = {name for source in sources for name in source}
    assert len(named) == 15
    doubtful = ("gokriznastic/", "jkkummerfeld/", "alea-institute/", "mlschmitt/")
    assert not [name for name in named if name.startswith(doubtful)]


def test_prose_keeps_sentences_and_drops_the_rest():
    sentence = "This is a paragraph with rather many words in it, so that it counts as a sentence of running text."
    page = f"# A Heading\n\n{sentence}\n\n* item\n* item\n\n[link](http://x.y) {{% include x %}}\n\nTopic: 1.2 Test"
    assert clean("prose", page) == sentence


@pytest.mark.parametrize("kind", get_args(MadeUp))
def test_made_up_text_is_reproducible_varied_and_of_the_length_asked_for(kind):
    make = getattr(synthetic, kind)
    fillers = ["alpha", "beta", "gamma", "delta"]
    texts = [make(random.Random(i), fillers, 80) for i in range(20)]
    assert make(random.Random(3), fillers, 80) == texts[3]
    assert len(set(texts)) == 20
    for text in texts:
        assert 80 <= len(text.split()) < 200
        assert "{" not in text
        assert "}" not in text


def recipe(folder=None, output="m.ftz"):
    if folder is None:
        return load_recipe(RECIPE)
    return load_recipe(RECIPE, [f"input[0].path={folder}/*.parquet", f"output={folder}/{output}"])


@pytest.mark.slow
def test_recipe_makes_a_model_from_any_folder_of_its_layout(tmp_path):
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefgh", k=5)) for _ in range(800)]
    vocabulary = {"positives": words[:400], "negatives": words[400:]}
    # For each pattern an address that it finds, and no other does.
    folders = ["spam-1/", "easy-", "pages/", "pages.ko/", "content/guides/", "content/news/", "content/events/", "inaugural", "reviews", "shakespeare", "africa/", "australia-oceania/"]  # fmt: skip
    rows = []
    for side, known in vocabulary.items():
        for part in getattr(recipe().config, side):
            for i in range(30 if part.kind == "pool" else 0):
                found = [" ".join(draw.choices(known, k=60)) + "." for _ in range(6)]
                (source,) = part.where["source"].any_of
                pattern = part.where["url"].matches if "url" in part.where else ""
                folder = next(f for f in folders if re.search(pattern, f"/{f}"))
                url = f"https://x/{source}/blob/0/{folder}{i}"
                text = "From: x\n\n" + "\n\n".join(found)
                rows.append(
                    {
                        "id": str(len(rows)),
                        "text": text,
                        "source": source,
                        "url": url,
                        "licence": "CC0",
                    }
                )
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "part.parquet")
    report = train(recipe(tmp_path))
    assert sorted(report.sidecar.labels) == [f"{LABEL_PREFIX}hq", f"{LABEL_PREFIX}lq"]
    assert report.judgement.auc > 0.8
    assert report.sidecar.min_words == 40


def test_recipe_names_the_part_that_finds_nothing(tmp_path):
    columns = {
        name: pa.array([], pa.string()) for name in ("id", "text", "source", "url", "licence")
    }
    pq.write_table(pa.table(columns), tmp_path / "part.parquet")
    with pytest.raises(
        ConfigError, match=r"textbook\.train\.yaml:16:\d+: positives\[0\]: finds no document"
    ):
        read_examples(recipe(tmp_path))


def test_the_fingerprint_is_the_hash_of_the_whole_file():
    assert _core.Model(MODEL).fingerprint == xxhash.xxh3_128_hexdigest(MODEL.read_bytes())
