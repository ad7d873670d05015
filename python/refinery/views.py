"""Views: named chains of edits over the text as it was read.

A view may be an edit by itself, one that a profile brings along, or one of the pipeline's own
(`annotate.views`). Not here: what an edit does (the extension), and who reads which view (`plan`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from refinery import _core, presets
from refinery import signal_table as signals
from refinery.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def plain_strings(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of strings without its dictionary."""
    return text.cast(text.type.value_type) if pa.types.is_dictionary(text.type) else text


def edited_text(
    text: pa.ChunkedArray, edits: Sequence[str], pool: _core.ThreadPool | None = None
) -> pa.ChunkedArray:
    """What `edits` leave of a column of texts: `large_string`, null where the text is."""
    chunks = [pa.array(_core.edited(c, edits, pool)) for c in plain_strings(text).chunks]
    return pa.chunked_array(chunks, pa.large_string())


class ViewError(ValueError):
    """A chain that makes no view: what is wrong with it, as a person should read it."""


class Views:
    """Every view there is, by name.

    >>> Views().edits("datatrove.c4")
    ('datatrove.c4',)
    >>> Views({"twice": ["datatrove.c4_fineweb", "datatrove.c4"]}).edits("twice")
    ('datatrove.c4_fineweb', 'datatrove.c4')
    """

    def __init__(self, own: Mapping[str, Sequence[str]] | None = None) -> None:
        self._chains: dict[str, Sequence[str]] = presets.views() | dict(own or {})

    @property
    def names(self) -> list[str]:
        """All names, the text itself first."""
        return [signals.TEXT, *signals.edits(), *self._chains]

    def __contains__(self, name: str) -> bool:
        return name == signals.TEXT or name in signals.edits() or name in self._chains

    def edits(self, name: str) -> tuple[str, ...]:
        """The edits of a view in order; none for the text.

        Raises
        ------
        ViewError
            If a name in its chain is unknown, or the chain leads back to itself.
        """
        return self._edits(name, ())

    def _edits(self, name: str, above: tuple[str, ...]) -> tuple[str, ...]:
        name = name.replace("/", ".")
        if name == signals.TEXT:
            return ()
        if name in signals.edits():
            return (name,)
        if name in above:
            message = (
                f"the view leads back to itself: {' of '.join([*above[above.index(name) :], name])}"
            )
            raise ViewError(message)
        if name not in self._chains:
            hint = nearest(name, self.names) or f"; there are: {', '.join(self.names)}"
            message = f"no such view or edit {name!r}{hint}"
            raise ViewError(message)
        parts = (self._edits(part, (*above, name)) for part in self._chains[name])
        return tuple(edit for part in parts for edit in part)
