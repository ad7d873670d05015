"""The keys of gates: which licences and sources may pass at all; what no entry allows is dropped.

A gate reads names, not numbers, in any case and with any run of spaces as one; `*` in an entry stands
for anything. Null and blank are no names, and never pass.

>>> gate = LicencesConfig(allow=["CC0*", "CC BY *"], deny=["*NC*"])
>>> gate.column
'licence'
"""

from __future__ import annotations

from pydantic import Field

from refinery.config_file import Section


class GateConfig(Section):
    """Names that may pass."""

    allow: list[str] = Field(
        min_length=1, description="Names that pass, in any case; * stands for anything."
    )
    deny: list[str] = Field(
        default_factory=list, description="Names that do not pass though allow has them."
    )


class LicencesConfig(GateConfig):
    """Licences that may pass; a document without one, or with another, is dropped."""

    column: str = Field("licence", description="Column of the input that holds the licence.")


class SourcesConfig(GateConfig):
    """Sources that may pass, by input[].source; a document of none, or of another, is dropped."""
