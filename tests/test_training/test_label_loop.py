"""Sample, label, train, score: with a labeller that is wrong for one document in five."""

import polars as pl
import pytest
from two_kinds import made_documents

from refinery.labelling import Answer, Outcome, parse_labelling
from refinery.labelling.run import label_sample
from refinery.labelling.sampling import draw_sample
from refinery.training import parse_recipe
from refinery.training.examples import draw_key
from refinery.training.measure import auc, score_texts
from refinery.training.trainer import train


class Stub:
    """Knows the truth, and errs by a hash of the document."""

    name = "stub"

    def __init__(self, truth):
        self.truth = truth

    def label(self, documents, note):
        note("labelling")
        answers = []
        for document in documents:
            errs = draw_key(0, "noise", document.id) < 0.2 * 2**64
            answers.append(Answer(document.id, 4 if self.truth[document.id] != errs else 1, "stub"))
        return Outcome(answers=answers)


@pytest.mark.slow
def test_two_thousand_noisy_labels_rank_the_rest_of_the_pool(tmp_path, write):
    rows = made_documents(5000, seed=9)
    write(tmp_path / "raw.parquet", rows)
    pool = "input: {path: raw.parquet, id: id, source: source}\n"
    labelling = parse_labelling(
        f"{pool}output: .\nsample: {{documents: 2000}}\nlabellers: {{name: x, file: x.csv}}\n",
        folder=tmp_path,
    )
    sample = draw_sample(labelling)
    truth = {row["id"]: row["truth"] == 1 for row in rows}
    report = label_sample(sample, [Stub(truth)], "stub@1", tmp_path)
    labels = pl.read_parquet(report.labels)
    wrong = sum((label >= 3) != truth[name] for name, label in labels.select("id", "label").rows())
    assert 0.17 < wrong / len(labels) < 0.23
    recipe = parse_recipe(
        "output: m.bin\npositives: {labels: labels.parquet, min: 3}\n"
        "negatives: {labels: labels.parquet, max: 2}\nsplit: {by: document}\n"
        "chunks: {words: [20, 240]}\nfasttext: {dim: 16, bucket: 20000}\n",
        folder=tmp_path,
    )
    first = train(recipe).sidecar.sha256
    assert train(recipe).sidecar.sha256 == first
    sampled = {document.id for document in sample}
    rest = [row for row in rows if row["id"] not in sampled]
    assert len(rest) == 3000
    scores = score_texts(tmp_path / "m.bin", [row["text"] for row in rest])
    assert auc([row["truth"] == 1 for row in rest], scores) >= 0.9
