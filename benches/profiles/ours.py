"""refinery's side: the fused pass on one thread, and the presets' rules over its columns."""

import polars as pl
import pyarrow as pa
from clock import serve

from refinery import _core, presets
from refinery import signal_table as signals
from refinery.decide.rules import failing
from refinery.rule_set import Rule

ROWS = 1000
POOL = _core.ThreadPool(1)
if not _core.IS_OPTIMISED:
    message = "the extension is a debug build: its times mean nothing"
    raise SystemExit(message)


def prepare(texts: list[str]) -> list[pa.Array]:
    return [pa.array(texts[i : i + ROWS], pa.large_string()) for i in range(0, len(texts), ROWS)]


def judge(profiles: list[str], batches: list[pa.Array]) -> list[str | None]:
    chosen = [presets.load(profile) for profile in profiles]
    families = sorted({preset.family for preset in chosen})
    needs_tokens = any(signals.families()[name].needs_token_ids for name in families)
    tokenizer = _core.Tokenizer.embedded("cl100k_base") if needs_tokens else None
    compute = _core.Pass(families=families, tokenizer=tokenizer)
    return [
        reason
        for batch in batches
        for reason in first_reasons(chosen, pl.DataFrame(compute.run(batch, POOL)))
    ]


def first_reasons(chosen: list[presets.Preset], frame: pl.DataFrame) -> list[str | None]:
    found = pl.Series([None], dtype=pl.String).new_from_index(0, len(frame))
    for preset in chosen:
        for entry in preset.rules:
            fails = failing(Rule(entry.column, entry.side, entry.bound), frame)
            if entry.undefined == "drop":
                fails |= frame[entry.column].is_null()
            found = found.set(fails & found.is_null(), entry.reason)
    return found.to_list()


if __name__ == "__main__":
    serve(prepare, judge)
