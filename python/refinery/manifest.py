"""The manifest: what a finished run is, and whether what stands in its folder still is that.

It is written last and holds nothing that differs between equal runs (no times, no host), so equal
runs have equal manifests, byte for byte. Times are in `_refinery/run.json`, which nothing reads.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from refinery.hashes import digest, sha256_of
from refinery.tree import OutputTree, is_whole

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_VERSION = 1
OURS = re.compile(r"part-[0-9]{5,}\.(parquet|jsonl\.zst|bin|idx)")
"""Names that only a run writes into an output folder."""
REPORT = "report.html"


def build_manifest(
    plan: dict[str, Any],
    *,
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
    files: list[dict[str, Any]],
    models: list[dict[str, Any]],
    units: list[dict[str, Any]],
    ledger: dict[str, Any],
) -> dict[str, Any]:
    """The manifest of a run, with its own hash inside."""
    manifest = {
        "version": MANIFEST_VERSION,
        "plan_hash": digest(plan),
        "plan": plan,
        "inputs": inputs,
        "outputs": outputs,
        "files": files,
        "models": models,
        "units": units,
        "ledger": ledger,
    }
    return sealed(manifest)


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """`value` with its own hash inside."""
    return value | {"sha256": digest(value)}


def read_manifest(tree: OutputTree) -> dict[str, Any] | None:
    """The manifest of a complete run; None where there is none, or where it was altered."""
    manifest = read_sealed(tree.manifest)
    return (
        manifest if manifest is not None and manifest.get("version") == MANIFEST_VERSION else None
    )


def read_ablation(tree: OutputTree, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """What `refinery ablate` found of this run; None where it judged none, or another plan's."""
    note = read_sealed(tree.ablation)
    return note if note is not None and note.get("plan_hash") == manifest["plan_hash"] else None


def read_sealed(path: Path) -> dict[str, Any] | None:
    """A value that `sealed` made, in the very bytes that were written; else None."""
    try:
        text = path.read_bytes().decode("utf-8")
        value = json.loads(text)
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    body = {key: v for key, v in value.items() if key != "sha256"}
    return value if value.get("sha256") == digest(body) and text == render(value) else None


def render(manifest: dict[str, Any]) -> str:
    """The manifest's text: the one that `read_manifest` accepts."""
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def file_entry(tree: OutputTree, path: Path, sha256: str | None = None) -> dict[str, Any]:
    """Name (relative to the output folder), size and hash, where it is not known, of a file of the run."""
    name = path.relative_to(tree.root).as_posix()
    return {"name": name, "bytes": path.stat().st_size, "sha256": sha256 or sha256_of(path)}


def find_damage(tree: OutputTree, manifest: dict[str, Any]) -> dict[str, str]:
    """What is missing, changed or foreign, by name relative to the output folder."""
    findings: dict[str, str] = {}
    expected = {entry["name"]: entry for entry in [*manifest["outputs"], *manifest["files"]]}
    for name, entry in expected.items():
        path = tree.root / name
        if path.is_symlink():
            findings[name] = "is a symbolic link"
        elif not path.is_file():
            findings[name] = "is missing"
        elif path.stat().st_size != entry["bytes"]:
            findings[name] = f"has {path.stat().st_size} bytes, should have {entry['bytes']}"
        elif sha256_of(path) != entry["sha256"]:
            findings[name] = "has other content than was written (SHA-256 differs)"
    folders = (tree.root, tree.annotations, tree.decisions, tree.quarantine)
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            name = path.relative_to(tree.root).as_posix()
            if path != tree.state and name not in expected:
                findings[name] = "is not of this run"
    return findings | _state_damage(tree)


def _state_damage(tree: OutputTree) -> dict[str, str]:
    """The same of what stands beside the result: the log, what is shelved, and nothing else."""
    folders = {tree.annotations, tree.decisions, tree.quarantine, tree.staging, tree.unused}
    files = {tree.manifest, tree.run_log, tree.lock_file, tree.ablation}
    findings: dict[str, str] = {}
    for path in sorted(tree.state.iterdir()):
        if path not in files | folders:
            findings[path.relative_to(tree.root).as_posix()] = "is not of this run"
    for path in (tree.run_log, tree.ablation):
        if path.exists() and read_sealed(path) is None:
            findings[path.relative_to(tree.root).as_posix()] = "has other content than was written"
    for path in sorted(tree.unused.iterdir()) if tree.unused.is_dir() else []:
        if not is_whole(path):
            findings[path.relative_to(tree.root).as_posix()] = (
                "has other content than its name says"
            )
    return findings
