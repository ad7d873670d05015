"""The pages of the documentation as programs: their Python blocks, and what those must print.

`python tests/docs_examples.py` writes what they print now into the pages: read the diff.
"""

import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

PAGES = Path(__file__).parent.parent / "docs" / "pages"
_BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def run(page):
    """Run a page's blocks in order, in one namespace, in the working directory.

    Returns
    -------
    list of (match, str)
        The place of each block of output, and what was printed since the one before.
    """
    namespace = {"__name__": page.stem}
    out = io.StringIO()
    found = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block[1] == "python":
            with contextlib.redirect_stdout(out):
                exec(compile(block[2], str(page), "exec"), namespace)  # noqa: S102 - our own pages
        else:
            lines = [line.rstrip() for line in out.getvalue().splitlines()]
            found.append((block, "\n".join(lines).strip("\n") + "\n"))
            out = io.StringIO()
    return found


def main():
    for page in sorted(PAGES.glob("*.md")):
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            found = run(page)
        text = page.read_text(encoding="utf-8")
        for block, printed in reversed(found):
            text = text[: block.start(2)] + printed + text[block.end(2) :]
        page.write_text(text, encoding="utf-8")
    sys.stderr.write("wrote the outputs; read the diff\n")


if __name__ == "__main__":
    main()
