"""Polars expressions and frames over the kernels and decisions of a run.

`functions` are the typed functions (`rf.score`, …), `namespace` and `frames` the same as methods
(`pl.col("text").refinery`, `df.refinery`), `kernels` what Polars calls. Nothing here computes: text
goes through the pass of `annotation`, verdicts come from `decide`.
"""
