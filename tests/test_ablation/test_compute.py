"""Fixed compute: what is predicted of a law comes true for a model that obeys it."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from planted import write_ablation

from refinery.ablation.command import ablate
from refinery.ablation.compute import crossing_found
from refinery.ablation.config import parse_ablation
from refinery.errors import ConfigError
from refinery.scaling.laws import effective_tokens


@pytest.fixture(scope="module")
def ablation_folder(tmp_path_factory):
    return write_ablation(tmp_path_factory.mktemp("ablation"))


FILE = "pool: {input: {path: x}}\nfamilies: {}\noutput: {path: o}\n"
WORTH = 1.5


class Lawful:
    """A model whose loss is a law of its tokens' worth: 1.5 for those that an arm by score keeps.

    It knows an arm by the share of prose among its documents: two in five are, of all of them.
    """

    name = "lawful"

    def __init__(self, *, sees_repetition):
        self.sees_repetition = sees_repetition

    def fingerprint(self):
        return f"lawful {self.sees_repetition}"

    def nats(self, corpus, training):
        lengths = corpus.lengths[training.rows]
        unique = int(lengths.sum())
        repeats = effective_tokens if self.sees_repetition else min
        numbers = " ".join(map(str, range(10_000)))
        junk = set(pa.array(corpus.tokenizer.encode(pa.array([numbers])))[0].as_py())
        first = [corpus.training[int(row)][0].as_py() for row in training.rows]
        prose = np.mean([token not in junk for token in first])
        # Oracle and filter 1, random 0.4, inverse 0.
        worth = WORTH if prose > 0.9 else 0.5 if prose < 0.1 else 1.0
        bits = 1.2 + 30.0 * (worth * repeats(training.tokens, unique)) ** -0.3
        # Draws differ a little, or an interval would have no width.
        draw = np.random.default_rng([training.seed, int(training.rows[0])])
        noise = 1 + 1e-4 * draw.standard_normal(len(corpus.measured_bytes))
        return np.log(2) * bits * corpus.measured_bytes * noise


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "passes"), [(True, "[0.25, 1, 4]"), (False, "[0.25, 0.5, 1]")])
def test_a_model_that_obeys_the_law_does_as_predicted(ablation_folder, repeats, passes):
    proxy = "gpt" if repeats else "ngram"
    done = ablate(
        ablation_folder / "ablation.yaml",
        [
            "arms=[random, random_again, top, oracle, inverse]", "yields=[0.2]", "regimes=[tokens, compute]",
            f"compute={{passes: {passes}, arms: [top, random]}}", f"proxy={proxy}", f"output.path=law-{proxy}/", "output.pool=law-pool/",
        ],
        proxy=Lawful(sees_repetition=repeats),
    )  # fmt: skip
    rows = done.verdict.compute
    assert rows.equals(pl.read_parquet(done.out / "compute.parquet"))
    assert rows.select("arm", "passes").unique().height == 6
    target = rows.filter(pl.col("family") == "target")
    assert target["predicted_d_bpb"].to_list() == pytest.approx(target["d_bpb"].to_list(), abs=4e-3)
    top, random = (target.filter(pl.col("arm") == arm) for arm in ("top", "random"))
    assert top["worth"].to_list() == pytest.approx([WORTH] * 3, rel=0.05)
    assert random["worth"].to_list() == [1.0] * 3
    # Compute is fixed: as many tokens as the pool's model reads, or all that is kept once.
    share = 0.2
    expected = [max(p / share if repeats else min(p / share, 1), 0) for p in top["passes"]]
    assert top["epochs"].to_list() == pytest.approx(expected, rel=0.03)
    # Worth 1.5, a fifth of the tokens equals three tenths of the pool, read once.
    if not repeats:
        assert top["predicted_crossing"][0] == pytest.approx(0.3, rel=0.1)
        assert 0.25 < top["crossing"][0] < 0.5
    results = pl.read_parquet(done.out / "results.parquet")
    assert set(results["regime"]) == {"R1", "R2"}
    assert results.filter(pl.col("regime") == "R1")["passes"].null_count() == len(
        results.filter(pl.col("regime") == "R1")
    )
    page = (done.out / "report.html").read_text(encoding="utf-8")
    assert "<h2>Fixed compute</h2>" in page
    assert "passes of the pool" in (done.out / "table.md").read_text(encoding="utf-8")
    # Read again from what is stored, and the prediction is what it was.
    assert (
        pl.read_parquet(done.out / "prediction.parquet")["predicted_d_bpb"].to_list()
        == rows["predicted_d_bpb"].to_list()
    )


def test_the_crossing_found_lies_where_the_difference_comes_to_be_above_zero():
    assert crossing_found([0.25, 1, 4], [-0.1, 0.1, 0.2]) == pytest.approx(0.5)
    assert crossing_found([0.25, 1], [0.0, -0.1]) == 0.0
    assert crossing_found([0.25, 1], [-0.3, -0.1]) is None


def test_what_is_not_meaningful_at_fixed_compute_is_refused_together():
    asked = "regimes: [tokens, compute]\ncompute: {passes: [4], arms: [topp], yields: [0.3]}\n"
    with pytest.raises(ConfigError) as error:
        parse_ablation(FILE + asked)
    text = str(error.value)
    assert "reads the pool more than once, from which proxy ngram learns nothing" in text
    assert "no arm 'topp'; did you mean top?" in text
    with pytest.raises(ConfigError, match=r"top is not measured at 0\.3; add it"):
        parse_ablation(FILE + "regimes: [tokens, compute]\ncompute: {arms: [top], yields: [0.3]}\n")
    with pytest.raises(ConfigError, match="regimes: must have tokens"):
        parse_ablation(FILE + "regimes: [compute]\n")
    repeated = parse_ablation(
        FILE + asked.replace("[topp]", "[top]").replace("0.3", "0.5") + "proxy: gpt\n"
    )
    assert (repeated.compute_passes, repeated.compute_yields) == ([4], [0.5])
