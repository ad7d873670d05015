"""From a checked pipeline to a plan: files, columns, models, hashes. Reads no document.

The plan resolves every name that the pipeline file mentions (signals, profiles, models, files,
columns), reporting all that cannot be resolved at once, and derives the keys by which results are
reused: a result is named by the hash of what determines it.
"""

from refinery.plan.builder import build_plan, plan_frame
from refinery.plan.plan import Plan, StepPlan
from refinery.plan.scores import ScorePlan

__all__ = ["Plan", "ScorePlan", "StepPlan", "build_plan", "plan_frame"]
