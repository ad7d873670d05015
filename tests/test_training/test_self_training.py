"""Self-training: editing by hand, and a planted pool where the truth is known."""

import random

import numpy as np
import pytest

from refinery.errors import ConfigError
from refinery.training import parse_recipe
from refinery.training.config import SelfConfig
from refinery.training.examples import Chunk, draw_key
from refinery.training.measure import auc, score_texts
from refinery.training.neighbours import neighbour_agreement
from refinery.training.self_training import edit_labels, run_rounds, self_train
from refinery.training.trainer import fit

SETTINGS = SelfConfig(models=3, confident=0.8, neighbours=2, trust=0.5, drift=10.0)


def circle(degrees):
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_confident_majority_edits_and_undecided_keeps_the_teachers_label():
    votes = np.array([[0.9, 0.9, 0.1, 0.5], [0.85, 0.6, 0.2, 0.5], [0.1, 0.6, 0.9, 0.5]])
    scores = np.array([0.4, 0.4, 0.6, 0.6])
    # Pairs of neighbours agree whatever the labels: two positives lie together, two negatives.
    vectors = circle([0, 1, 180, 181, 2, 90, 182, 3])
    labelled = np.array([True, True, False, False])
    found = edit_labels(scores, votes, labelled, vectors, SETTINGS)
    assert found.labels.tolist() == [True, False, False, True]
    assert found.n_edited == 2
    assert found.share_before == 0.5


def test_label_that_neighbours_do_not_share_is_not_trusted():
    vectors = circle([0, 1, 2, 180, 181, 182, 3, 183])
    labelled = np.array([True, True, True, False, False, False])
    votes = np.full((3, 2), 0.5)
    found = edit_labels(np.array([0.9, 0.9]), votes, labelled, vectors, SETTINGS)
    assert found.labels.tolist() == [True, True]
    assert found.kept.tolist() == [True, False]
    assert found.n_untrusted == 1


def test_drift_guard_leaves_out_the_least_sure_of_what_grew():
    n = 100
    scores = np.where(np.arange(n) < 20, 0.9, 0.1)
    # Half of all would be positive now, the less sure of it the later.
    votes = np.tile(np.where(np.arange(n) < 50, 0.99 - np.arange(n) / 1000, 0.01), (3, 1))
    settings = SETTINGS.model_copy(update={"drift": 0.2, "trust": 0.0})
    found = edit_labels(scores, votes, np.array([True, False]), circle(range(n + 2)), settings)
    assert found.share_before == pytest.approx(0.2)
    assert 0.22 < found.share_after <= 0.24
    assert found.n_drifting == 50 - int(50 * 0.24 / 0.76)
    assert found.kept[:15].all()
    assert not found.kept[20:50].any()


def test_neighbour_agreement_counts_others_and_not_itself():
    vectors = np.vstack([circle([0, 0, 0]), circle([180, 181])])
    labels = np.array([True, True, False, False, False])
    assert neighbour_agreement(vectors, labels, 2).tolist() == [0.5, 0.5, 0.0, 0.5, 0.5]
    assert neighbour_agreement(vectors, labels, 2, first=3).tolist() == [0.5, 0.5]


def planted(seed, n_labelled=200, n_unlabelled=3000, n_test=1000, noise=0.15):
    """Chunks of two subjects with large vocabularies, and labels of which a share is wrong."""
    draw = random.Random(seed)
    common = [f"c{i}" for i in range(1500)]
    subjects = {True: [f"p{i}" for i in range(900)], False: [f"n{i}" for i in range(900)]}

    def text(truth):
        return " ".join(
            draw.choice(subjects[truth] if draw.random() < 0.12 else common) for _ in range(80)
        )

    rows = [(truth, text(truth)) for truth in (draw.random() < 0.5 for _ in range(n_labelled + n_unlabelled + n_test))]  # fmt: skip
    labelled = [
        Chunk("hq" if truth != (draw.random() < noise) else "lq", text, f"w{i}", "planted")
        for i, (truth, text) in enumerate(rows[:n_labelled])
    ]
    return labelled, rows[n_labelled : n_labelled + n_unlabelled], rows[n_labelled + n_unlabelled :]


def compared(folder, seed):
    """Errors of raw and of edited labels, and both AUCs on true labels."""
    labelled, unlabelled, test = planted(seed)
    recipe = parse_recipe(
        "input: {path: x}\npositives: [{path: x}]\noutput: m.bin\n"
        "fasttext: {dim: 16, bucket: 5000, word_ngrams: 1, lr: 0.5, epoch: 25}\n"
        f"self: {{confident: 0.7}}\nseed: {seed}\n",
        folder=folder,
    )
    truth = {text: is_good for is_good, text in unlabelled}
    texts = sorted(truth)
    teacher = folder / "teacher.bin"
    fit(recipe, labelled, teacher, dense=True)
    raw = score_texts(teacher, texts) > 0.5
    expected = np.array([truth[text] for text in texts])

    def auc_of(model):
        return auc([is_good for is_good, _ in test], score_texts(model, [text for _, text in test]))

    before = auc_of(teacher)
    rounds, training = run_rounds(recipe, labelled, texts, teacher, auc_of)
    used = [c for c in training if c.origin == "pseudo-labelled"]
    wrong = sum((c.label == "hq") != truth[c.text] for c in used)
    return (raw != expected).mean(), wrong / len(used), before, rounds[-1].auc


@pytest.mark.slow
@pytest.mark.timeout(1800)  # thirty trainings
def test_planted_pool_edited_labels_are_better_and_ranking_is_no_worse(tmp_path):
    found = []
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found.append(compared(folder, seed))
    for raw, edited, before, after in found:
        assert edited < raw
        assert after > before - 0.005
    assert sum(after >= before for _, _, before, after in found) >= 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_command_reports_both_and_writes_the_better(tmp_path, write):
    draw = random.Random(4)
    labelled, unlabelled, test = planted(7, noise=0.0)
    rows = [
        {"id": f"{i:05}", "text": text}
        for i, text in enumerate([c.text for c in labelled] + [t for _, t in unlabelled + test])
    ]
    labels = [{"id": f"{i:05}", "label": int(c.label == "hq")} for i, c in enumerate(labelled)]
    write(tmp_path / "raw.jsonl", rows)
    draw.shuffle(labels)
    write(tmp_path / "labels.parquet", labels)
    text = (
        "input: {path: raw.jsonl, id: id}\noutput: m.bin\n"
        "positives: {labels: labels.parquet, min: 1}\nnegatives: {labels: labels.parquet, max: 0}\n"
        "fasttext: {dim: 16, bucket: 5000, word_ngrams: 1, lr: 0.5, epoch: 25}\n"
        "chunks: {words: [20, 80]}\nself: {unlabelled: 2000, rounds: 2}\nsplit: {held_out: 0.3}\n"
    )
    report, done = self_train(parse_recipe(text, folder=tmp_path))
    assert len(done.rounds) == 2
    assert done.is_kept == (done.auc >= done.supervised_auc)
    expected = done.auc if done.is_kept else done.supervised_auc
    assert report.judgement.auc == pytest.approx(expected)
    assert report.sidecar.training["self_training"]["supervised_auc"] == done.supervised_auc
    assert any("AUC on held-out works: supervised" in note for note in report.examples.notes)
    first = (tmp_path / "m.bin").read_bytes()
    self_train(parse_recipe(text, folder=tmp_path))
    assert (tmp_path / "m.bin").read_bytes() == first


def test_self_training_needs_a_pool(tmp_path):
    recipe = parse_recipe(
        "positives: {path: a}\nnegatives: {path: b}\noutput: m.bin\n", folder=tmp_path
    )
    with pytest.raises(ConfigError, match="unlabelled text from the pool, which input: would name"):
        self_train(recipe)


def test_draws_are_of_the_whole_range():
    keys = [draw_key(1, "x", str(i)) / 2**64 for i in range(2000)]
    assert 0.48 < sum(keys) / len(keys) < 0.52
