"""`refinery verify`: whether every file of a finished run still says what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery import manifest as manifests
from refinery.decide.ledger import check_balance
from refinery.errors import DamageError
from refinery.tree import OutputTree

if TYPE_CHECKING:
    from pathlib import Path


def verify(out: Path) -> dict[str, Any]:
    """Check the output tree against its manifest; returns the manifest.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    DamageError
        With every file that is missing, changed or foreign; the manifest itself included.
    """
    if not out.is_dir():
        raise FileNotFoundError(2, "no such output folder", str(out))
    tree = OutputTree(out)
    if not tree.manifest.exists():
        raise DamageError(str(out), ["_refinery/manifest.json is missing: the run is not complete"])
    manifest = manifests.read_manifest(tree)
    if manifest is None:
        raise DamageError(
            str(out), ["_refinery/manifest.json is damaged: it is not the one written"]
        )
    findings = manifests.find_damage(tree, manifest)
    if findings:
        raise DamageError(str(out), [f"{name} {what}" for name, what in findings.items()])
    if "ledger" in manifest:  # a mixture drops nothing, so it has none
        check_balance(manifest["ledger"])
    return manifest
