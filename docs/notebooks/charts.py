"""Charts of a refined frame in marimo: `marimo edit docs/notebooks/charts.py`."""

import marimo

app = marimo.App()


@app.cell
def _():
    import polars as pl

    import refinery as rf

    return pl, rf


@app.cell
def _(pl, rf):
    texts = [f"The reader of text {i} learns what a sentence is. " * (i + 1) for i in range(9)]
    frame = pl.DataFrame({"id": [str(i) for i in range(9)], "text": texts})
    pipeline = rf.Pipeline.build(id="id", scores={"textbook": "builtin/textbook"})
    refined = pipeline.rules({"n_words": {"min": 30}}).select("textbook", 0.5).run_frame(frame)
    return (refined,)


@app.cell
def _(refined):
    refined.plot.funnel()


@app.cell
def _(refined):
    refined.plot.score("textbook")


@app.cell
def _(refined):
    refined.plot.yield_curve("textbook")


@app.cell
def _(refined):
    refined.plot.reasons()


if __name__ == "__main__":
    app.run()
