"""Phase 2: annotations of the whole corpus in, one verdict per document out. Never sees a text.

Steps act in their order on what is still alive. Nothing here depends on the order in which
documents were read: ties go to the smallest id, and groups are named by their smallest id.
"""

from refinery.decide.corpus import Room
from refinery.decide.decisions import Decisions, decide

__all__ = ["Decisions", "Room", "decide"]
