"""Put the corpus together: choose documents, write shards, account for them.

What it is: the one call behind `python -m refinery.demo`. What it is not: a resumable job; it takes
seconds, so it starts afresh each time. The manifest is written last: a folder without one is not a
finished corpus.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from refinery.demo.choose import choose_documents
from refinery.demo.documents import Candidate, Document, Skips
from refinery.demo.origins import all_candidates
from refinery.demo.shards import write_shards

DEFAULT_MEGABYTES: Final = 40.0
MANIFEST: Final = "manifest.json"
_KIND: Final = "refinery demo corpus"
_VERSION: Final = 1


def build_corpus(
    out_dir: Path | str,
    *,
    max_megabytes: float = DEFAULT_MEGABYTES,
    candidates: Iterable[Candidate] | None = None,
) -> dict[str, object]:
    """Write the demo corpus into a folder.

    Parameters
    ----------
    out_dir
        A folder that is empty, absent, or holds an earlier demo corpus, which is replaced.
    max_megabytes
        Most text to take, in 10^6 bytes of UTF-8.
    candidates
        Files to choose from; by default all that `refinery.demo.origins` finds.

    Returns
    -------
    dict[str, object]
        The manifest, as written to `manifest.json`: `total`, `sources` and `owners` (documents and
        bytes each), `shards` (name, documents, bytes, sha256), `skipped` (count and examples per
        reason) and `files_not_reached` (per kind, once its share was full).

    Raises
    ------
    FileExistsError
        When `out_dir` holds anything else.
    """
    folder = Path(out_dir)
    _make_room(folder)
    skips = Skips()
    found = all_candidates(skips) if candidates is None else candidates
    documents, not_reached = choose_documents(found, int(max_megabytes * 1e6), skips)
    shards = write_shards(documents, folder)
    manifest: dict[str, object] = {
        "kind": _KIND,
        "version": _VERSION,
        "total": _count(documents) | {"shards": len(shards)},
        "sources": _count_by("source", documents),
        "owners": _count_by("owner", documents),
        "shards": shards,
        "skipped": skips.to_dict(),
        "files_not_reached": not_reached,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    # Names on disk may hold bytes that are no text; they are shown, not choked on.
    (folder / MANIFEST).write_bytes(text.encode("utf-8", "backslashreplace") + b"\n")
    return manifest


def _make_room(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ours = _files_of_earlier_corpus(folder)
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if foreign:
        message = (
            f"{folder} holds {foreign[0]}, which is no part of a demo corpus; give another folder"
        )
        raise FileExistsError(message)
    # The manifest goes first: from here on the folder is not a finished corpus.
    for name in sorted(ours, key=lambda name: name != MANIFEST):
        (folder / name).unlink(missing_ok=True)


def _files_of_earlier_corpus(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["kind"] != _KIND:
            return set()
        # The name alone: a manifest must not lead out of its folder.
        return {MANIFEST, *(Path(shard["name"]).name for shard in manifest["shards"])}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()


def _count(documents: Iterable[Document]) -> dict[str, int]:
    sizes = [document.n_bytes for document in documents]
    return {"documents": len(sizes), "bytes": sum(sizes)}


def _count_by(field: str, documents: list[Document]) -> dict[str, dict[str, int]]:
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(getattr(document, field), []).append(document)
    return {name: _count(groups[name]) for name in sorted(groups)}
