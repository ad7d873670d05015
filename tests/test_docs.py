"""The documentation: its examples run and print what the pages say, its notebook runs, its site builds."""

import shutil
import subprocess
import sys

import pytest

import docs_examples
from conftest import ROOT, child_environment
from refinery import reference

PAGES = sorted(docs_examples.PAGES.glob("*.md"))
NOTEBOOK = ROOT / "docs" / "notebooks" / "refine.ipynb"
MARIMO_NOTEBOOK = ROOT / "docs" / "notebooks" / "charts.py"


def test_there_are_pages_with_examples():
    assert sum("```python" in page.read_text(encoding="utf-8") for page in PAGES) >= 7


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_print_what_the_page_says(page, tmp_path, monkeypatch):
    if page.stem == "charts":
        pytest.importorskip("altair")
        pytest.importorskip("vl_convert")
    monkeypatch.chdir(tmp_path)
    for block, printed in docs_examples.run(page):
        assert printed == block[2], "python tests/docs_examples.py writes what is printed now"


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_reference_is_the_one_of_the_tables(name):
    committed = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert committed == reference.PAGES[name](), "run: make generate"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("altair")
    monkeypatch.setenv("PYTHONPATH", child_environment()["PYTHONPATH"])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    charts = [
        o
        for o in outputs
        if any("vega" in kind or kind == "text/html" for kind in o.get("data", {}))
    ]
    assert len(charts) >= 4
    assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]


@pytest.mark.slow
def test_charts_show_in_marimo(tmp_path):
    pytest.importorskip("marimo")
    page = tmp_path / "charts.html"
    # A copy, since marimo keeps its own files beside a notebook.
    notebook = shutil.copy(MARIMO_NOTEBOOK, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", notebook, "-o", page],
        env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert page.read_text(encoding="utf-8").count('"application/vnd.vegalite') == 4


@pytest.mark.slow
def test_the_site_builds(tmp_path):
    pytest.importorskip("zensical")
    # A copy, so that what is built stays out of the checkout.
    shutil.copytree(ROOT / "docs" / "pages", tmp_path / "pages")
    settings = (ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(settings.replace("../python", str(ROOT / "python")))
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "-f", tmp_path / "mkdocs.yml", "--strict"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "functions" / "index.html").read_text(encoding="utf-8")
    assert "token_count" in page
    assert "near_duplicates" in page
