"""Runs an ablation: pool, tokenizer, every training, one result a row.

A training's result is named by content: the texts, the documents in their order, the budget, the
proxy. So an ablation that was interrupted goes on where it was, and another arm, yield or seed added to the
file costs only what is new.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from refinery import _core
from refinery.ablation.arms import Arms
from refinery.ablation.compute import PREDICTION, predict
from refinery.ablation.fits import Fit, Planner, distinct
from refinery.ablation.ngram import neutral_tokenizer
from refinery.ablation.pool import Pool, PoolMaker, thread_pool
from refinery.ablation.proxy import Corpus, NgramProxy
from refinery.ablation.regimes import COMPUTE, TOKENS
from refinery.ablation.works import hashed, read_documents, read_works
from refinery.atomic import writing_beside
from refinery.engine import Silent, Stop, run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from refinery.ablation.config import AblationConfig, ArmConfig
    from refinery.ablation.proxy import Proxy
    from refinery.ablation.works import Works
    from refinery.engine import Progress

_TOKENIZER_SAMPLE = 4
_TYPES = {"passes": pl.Float64()}


@dataclass(frozen=True)
class Outcome:
    """What an ablation measured.

    `results` has a row a training and work (see `docs/pages/ablation.md`), `pool` the counts of documents,
    `prediction` what was said of fixed compute before it was run (`compute.predict`).
    """

    config: AblationConfig
    results: pl.DataFrame
    pool: dict[str, Any]
    out: Path
    prediction: pl.DataFrame | None = None


def make_proxy(config: AblationConfig, between: Callable[[], None] = lambda: None) -> Proxy:
    """The proxy that a file asks for; `between` is called while it trains, and may raise to stop.

    Raises
    ------
    EnvironmentFault
        Where it needs packages that are not installed.
    """
    if config.proxy == "ngram":
        return NgramProxy(config.ngram, between=between)
    from refinery.ablation.gpt import SIZES, GptProxy

    size = SIZES[config.gpt.size].model_copy(update={"evaluations": config.gpt.evaluations})
    return GptProxy(size, rate=config.gpt.rate, between=between)


class Experiment:
    """One ablation of one file."""

    def __init__(
        self, config: AblationConfig, folder: Path, *, progress: Progress | None = None
    ) -> None:
        self._config = config
        self._folder = folder / config.data
        self._out = folder / config.output.path
        self._progress = progress or Silent()
        self._pool = thread_pool(config.resources.threads)
        self._maker = PoolMaker(config, self._folder, self._out)
        self._stop = Stop()

    def run(self, proxy: Proxy | None = None) -> Outcome:
        """Run what has no result yet, and gather all results.

        Raises
        ------
        ConfigError
            Before anything is computed.
        DataError
            Where a file is damaged, or too little is left to draw from.
        Interrupted
            On Ctrl-C; the same command goes on.
        """
        config = self._config
        self._maker.check()
        works = read_works(
            config.families, self._folder, work_bytes=config.work_bytes, seed=config.seed
        )
        # Read again where they are needed: here what is wrong with them is told before hours of work.
        read_documents(
            {f"arms.{arm.name}.target": arm.target for arm in config.arms if arm.target},
            self._folder,
        )
        self._out.mkdir(parents=True, exist_ok=True)
        pool = self._maker.make(works, self._progress, self._pool)
        corpus = self._corpus(pool)
        proxy = proxy or make_proxy(config, self._stop.check)
        self._named = _hash(corpus, proxy)
        arms = Arms(config, pool, corpus, self._folder)
        planner = Planner(config, arms, self._named, self._progress)

        def trained(fits: list[Fit]) -> pl.DataFrame:
            self._train(fits, corpus, proxy)
            return self._gathered(fits, pool.works, corpus, proxy)

        results, prediction = trained(planner.at_fixed_tokens()), None
        if "compute" in config.regimes:
            fits = planner.at_fixed_compute(repeats=proxy.sees_repetition)
            prediction = predict(config, results, fits, repeats=proxy.sees_repetition)
            # Before anything of it is trained.
            with writing_beside(self._out / PREDICTION) as path:
                prediction.write_parquet(path)
            results = pl.concat([results, trained(fits)])
        with writing_beside(self._out / "results.parquet") as path:
            results.write_parquet(path)
        return Outcome(config, results, pool.counts, self._out, prediction)

    def _corpus(self, pool: Pool) -> Corpus:
        self._progress.note("counting tokens of the pool")
        texts = pool.frame["text"]
        tokenizer = self._tokenizer(pool.frame)
        targets = pool.works.targets.select(text=pl.concat_str("context", "text"))
        training = pl.concat([texts, targets["text"]])
        measured = pool.works.measured
        encode = partial(self._encode, tokenizer)
        together, starts = _concatenated(encode(measured["context"]), encode(measured["text"]))
        n_bytes = measured["text"].str.len_bytes().cast(pl.Int64).to_numpy()
        return Corpus(tokenizer, encode(training), together, starts, n_bytes)

    def _encode(self, tokenizer: _core.Tokenizer, texts: pl.Series) -> pa.Array:
        return pa.array(tokenizer.encode(texts.to_arrow(), self._pool))

    def _tokenizer(self, frame: pl.DataFrame) -> _core.Tokenizer:
        """The neutral tokenizer of the pool, kept by the hash of what it was trained on."""
        settings = self._config.tokenizer
        seed = self._config.seed + _TOKENIZER_SAMPLE
        ordered = hashed(frame.select("id", "text", "n_bytes"), seed).sort("hash", "id")
        sample = ordered.filter(pl.col("n_bytes").cum_sum() <= settings.bytes)["text"]
        name = hashlib.sha256(repr((settings.vocabulary, sample.to_list())).encode()).hexdigest()
        path = self._out / f"tokenizer-{name[:16]}.json"
        if not path.exists():
            made = neutral_tokenizer(
                sample.to_arrow(), vocabulary=settings.vocabulary, pool=self._pool
            )
            _write(path, made.to_json().encode())
        return _core.Tokenizer.from_file(path)

    def _train(self, fits: list[Fit], corpus: Corpus, proxy: Proxy) -> None:
        """Every training that has no result; equal ones once."""
        folder = self._out / "results"
        folder.mkdir(parents=True, exist_ok=True)
        missing = {fit.key: fit for fit in fits if not _result(folder, fit.key).exists()}
        total = sum(fit.training.tokens for fit in missing.values())
        self._progress.phase(f"{proxy.name} fits", total)

        def train(fit: Fit) -> None:
            nats = proxy.nats(corpus, fit.training)
            _write(_result(folder, fit.key), json.dumps(nats.tolist()).encode())
            self._progress.advance(fit.training.tokens, documents=len(fit.training.rows))

        with self._stop.on_signals():
            threads = self._pool.threads
            run_tasks(train, list(missing.values()), threads=threads, stop=self._stop)

    def _gathered(
        self, fits: list[Fit], works: Works, corpus: Corpus, proxy: Proxy
    ) -> pl.DataFrame:
        folder = self._out / "results"
        documents = works.measured.select("family", "work").with_columns(
            bytes=pl.Series(corpus.measured_bytes)
        )
        losses: dict[str, pl.DataFrame] = {}
        for fit in fits:
            if fit.key not in losses:
                nats = json.loads(_result(folder, fit.key).read_bytes())
                losses[fit.key] = _by_work(documents, nats)
        frames = []
        for fit in distinct(fits):
            base = losses[fit.baseline].select("family", "work", base_bpb="bpb")
            rows = losses[fit.key].join(base, on=["family", "work"], maintain_order="left")
            about = self._about(fit, proxy)
            columns = {name: pl.lit(v, dtype=_TYPES.get(name)) for name, v in about.items()}
            frames.append(rows.with_columns(**columns))
        results = pl.concat(frames).with_columns(d_bpb=pl.col("bpb") - pl.col("base_bpb"))
        identity = {
            "tokenizer_hash": corpus.tokenizer.fingerprint,
            "corpus_hash": self._named,
            "code_version": _core.__version__,
        }
        return results.with_columns(**{name: pl.lit(v) for name, v in identity.items()})

    def _about(self, fit: Fit, proxy: Proxy) -> dict[str, Any]:
        """Columns of a training."""
        chosen = fit.selection
        kinds = {arm.name: arm for arm in self._config.arms}
        arm = kinds.get(fit.arm)
        scored = arm is not None and arm.kind in ("top", "sample", "quota", "inverse", "shuffled")
        return {
            "arm": fit.arm,
            "scorer": (arm.by or self._config.filter) if arm is not None and scored else "",
            "rule": _rule(arm),
            "proxy": proxy.name,
            "regime": TOKENS if fit.passes is None else COMPUTE,
            "yield_target": fit.yield_,
            "yield_docs": len(chosen.rows) / chosen.drawn_documents,
            "yield_bytes": chosen.text_bytes / chosen.drawn_bytes,
            "yield_tokens": chosen.tokens / chosen.drawn_tokens,
            "unique_tokens": chosen.tokens,
            "train_tokens": fit.training.tokens,
            "epochs": fit.training.tokens / max(chosen.tokens, 1),
            "passes": fit.passes,
            "seed": fit.seed,
            "key": fit.key,
            "is_baseline": fit.key == fit.baseline,
        }


def _rule(arm: ArmConfig | None) -> str:
    """By which rule of selection documents were chosen; an arm of rules alone is one of its own."""
    if arm is None:
        return "random"
    return f"{arm.kind} after rules" if arm.rules and arm.kind != "rules" else arm.kind


def _by_work(documents: pl.DataFrame, nats: list[float]) -> pl.DataFrame:
    """Loss of each work: sums of nats over sums of bytes, never means of means."""
    rows = documents.with_columns(nats=pl.Series(nats, dtype=pl.Float64))
    sums = rows.group_by("family", "work", maintain_order=True).agg(pl.col("nats", "bytes").sum())
    return sums.with_columns(bpb=pl.col("nats") / (np.log(2) * pl.col("bytes")))


def _concatenated(before: pa.Array, after: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Lists of token ids joined row by row, and where the second begins."""
    starts = np.diff(before.offsets.to_numpy())
    lengths = starts + np.diff(after.offsets.to_numpy())
    joined = np.empty(int(lengths.sum()), dtype=np.uint32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    for i in range(len(before)):
        middle = offsets[i] + starts[i]
        joined[offsets[i] : middle] = before[i].values.to_numpy()
        joined[middle : offsets[i + 1]] = after[i].values.to_numpy()
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(joined))
    return lists, pa.array(starts, pa.uint64())


def _hash(corpus: Corpus, proxy: Proxy) -> str:
    """Names the texts, the tokenizer and the proxy."""
    found = hashlib.sha256(f"{corpus.tokenizer.fingerprint} {proxy.fingerprint()}".encode())
    for lists in (corpus.training, corpus.measured):
        found.update(lists.values.to_numpy().tobytes())
        found.update(lists.offsets.to_numpy().tobytes())
    found.update(corpus.starts.to_numpy().tobytes())
    return found.hexdigest()[:32]


def _result(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"


def _write(path: Path, content: bytes) -> None:
    with writing_beside(path) as temporary:
        temporary.write_bytes(content)
