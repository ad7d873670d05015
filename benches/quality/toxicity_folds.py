"""fastText settings of the toxicity recipe compared on its own labelled set, whole prompts held out.

    python benches/quality/toxicity_folds.py --data DIR [--folds 4] [--try dim=32 --try minn=0,maxn=0]...

DIR holds what the recipe `refinery/models/toxicity.train.yaml` reads: `raw/*.parquet` and
`labelled/`. A model that saw none of a fold's prompts judges their labelled continuations, and one
that saw none of its made-up sentences and documents tells those two apart. The judged sets play no
part in it. `labels=0` leaves the labelled set out of training
altogether, `labels=1` takes each label once.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import refinery as rf
from refinery.training import load_recipe
from refinery.training.config import FastTextConfig, Recipe
from refinery.training.examples import POSITIVE, Chunk, draw_key
from refinery.training.measure import auc, score_texts
from refinery.training.reading import read_examples
from refinery.training.trainer import fit

MODELS = Path(rf.__file__).parent / "models"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--try", action="append", default=[], dest="trials")
    parser.add_argument("--folds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in MODELS.glob("toxicity.*.yaml"):
            shutil.copy(file, folder)
        for link in ("raw", "labelled"):
            (folder / link).symlink_to((options.data / link).resolve())
        recipe = load_recipe(folder / "toxicity.train.yaml")
        chunks = read_examples(recipe).chunks
        for trial in ["", *options.trials]:
            changed = dict(setting.split("=") for setting in trial.split(",") if setting)
            found = judged(recipe, chunks, changed, options.folds, folder)
            print(json.dumps({"try": trial} | found), flush=True)


def judged(
    recipe: Recipe, chunks: Sequence[Chunk], changed: dict[str, str], folds: int, folder: Path
) -> dict[str, float]:
    """AUC on the labelled chunks of prompts that were held out; `labels` is their weight."""
    weight = changed.pop("labels", None)
    recipe = with_settings(recipe, changed)
    parts = [
        folds_of([c for c in chunks if is_labelled(c) == flag], folds) for flag in (True, False)
    ]
    labelled, others = [], []
    for i in range(folds):
        (known, asked), (seen, unseen) = ((outside(part, i), part[i]) for part in parts)
        if weight is not None:
            known = [replace(c, weight=int(weight)) for c in known if weight != "0"]
        model = folder / "fold.bin"
        fit(recipe, [*known, *seen], model, dense=True)
        labelled += scored(model, asked)
        others += scored(model, [c for c in unseen if "peaceful" not in c.origin])
    truth = [is_toxic for is_toxic, _ in labelled]
    return {
        "toxic": sum(truth),
        "other": len(truth) - sum(truth),
        "auc": auc_of(labelled),
        "auc_made_up": auc_of(others),
    }


def is_labelled(chunk: Chunk) -> bool:
    return chunk.origin.startswith("labelled in")


def folds_of(chunks: Sequence[Chunk], folds: int) -> list[list[Chunk]]:
    """Chunks by works: none is in two folds."""
    works = sorted({c.work for c in chunks}, key=lambda work: draw_key(0, "fold", work))
    place = {work: i % folds for i, work in enumerate(works)}
    return [[c for c in chunks if place[c.work] == i] for i in range(folds)]


def outside(parts: Sequence[Sequence[Chunk]], held: int) -> list[Chunk]:
    return [c for i, part in enumerate(parts) for c in part if i != held]


def scored(model: Path, chunks: Sequence[Chunk]) -> list[tuple[bool, float]]:
    scores = score_texts(model, [c.text for c in chunks]).tolist()
    return [(c.label == POSITIVE, score) for c, score in zip(chunks, scores, strict=True)]


def auc_of(found: Sequence[tuple[bool, float]]) -> float:
    truth, scores = zip(*found, strict=True)
    return round(auc(truth, np.array(scores)), 4)


def with_settings(recipe: Recipe, changed: dict[str, str]) -> Recipe:
    settings = FastTextConfig.model_validate(recipe.config.fasttext.model_dump() | changed)
    return replace(recipe, config=recipe.config.model_copy(update={"fasttext": settings}))


if __name__ == "__main__":
    main()
