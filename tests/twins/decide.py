"""The whole decide phase, slow and obvious: from values to verdicts and ledger.

Takes a document as a mapping of its annotations, its text, and its signature as a tuple; and the
steps as they stand in the pipeline file, without presets. Shares no code with the engine.
"""

from __future__ import annotations

BASE = ("n_chars", "n_bytes", "n_tokens")
SIDES = ("min", "max", "above", "below")


def rules_of(step):
    """(column, side, bound) of a `rules` step, in order; null fails `undefined`, before any bound."""
    rules = []
    for column, bounds in step.get("rules", {}).items():
        if column not in BASE and bounds.get("undefined", "drop") == "drop":
            rules.append((column, "undefined", None))
        rules += [(column, side, bounds[side]) for side in SIDES if side in bounds]
    return rules


def fails(document, rule):
    column, side, bound = rule
    value = document[column]
    if value is None:
        return side == "undefined"
    return {
        "undefined": False,
        "min": side == "min" and value < bound,
        "max": side == "max" and value > bound,
        "above": side == "above" and value <= bound,
        "below": side == "below" and value >= bound,
    }[side]


def best(documents, keep):
    """Who of a group stays: highest value first, null last, then the smallest id."""
    column = (
        {"first": None, "longest": "n_chars"}[keep] if isinstance(keep, str) else keep["highest"]
    )

    def order(document):
        value = document[column] if column else 0
        return (value is None, -(value or 0), document["id"])

    return min(documents, key=order)


def exact_groups(alive):
    groups = {}
    for document in alive:
        groups.setdefault(document["text"], []).append(document)
    return list(groups.values())


def is_pair(a, b, bands, threshold):
    """Equal in some whole band, and in enough of all values."""
    if a is None or b is None:
        return False
    rows = len(a) // bands
    shares_band = any(a[i : i + rows] == b[i : i + rows] for i in range(0, len(a), rows))
    same = sum(x == y for x, y in zip(a, b, strict=True))
    return shares_band and (threshold is None or same / len(a) >= threshold)


def near_groups(alive, bands, threshold):
    """Connected components, by walking from every document to all it is a pair with."""
    left, groups = list(alive), []
    while left:
        group, reached = [], [left.pop(0)]
        while reached:
            document = reached.pop()
            group.append(document)
            near = [
                d for d in left if is_pair(document["signature"], d["signature"], bands, threshold)
            ]
            left = [d for d in left if d not in near]
            reached += near
        groups.append(group)
    return groups


def select(documents, alive, step):
    """Who is not selected: from the highest value down until half of the next lies over the target."""
    unit = {"tokens": "n_tokens", "bytes": "n_bytes", "documents": None}[step.get("unit", "tokens")]

    def weight(document):
        return document[unit] if unit else 1

    base = documents if step.get("of", "read") == "read" else alive
    target = step["yield"] * sum(map(weight, base))
    value = step["by"]
    ranked = sorted(alive, key=lambda d: (d[value] is None, -(d[value] or 0), d["id"]))
    total, dropped = 0, []
    for document in ranked:
        if total + weight(document) / 2 > target:
            dropped.append(document)
        total += weight(document)
    return dropped


def act(step, documents, alive, bands):
    """Of one step that is no rule: its reason, whom it drops, and its groups."""
    if "select" in step:
        return "not_selected", select(documents, alive, step["select"]), []
    if "exact_duplicates" in step:
        config, reason, groups = step["exact_duplicates"], "exact_duplicate", exact_groups(alive)
    else:
        config, reason = step["near_duplicates"], "near_duplicate"
        threshold = config.get("threshold", 0.7) if config.get("verify", True) else None
        groups = near_groups(alive, bands, threshold)
    groups = [
        (group, best(group, config.get("keep", "first"))) for group in groups if len(group) > 1
    ]
    return reason, [d for group, winner in groups for d in group if d is not winner], groups


def amounts(documents):
    return {
        "documents": len(documents),
        "bytes": sum(d["n_bytes"] for d in documents),
        "tokens": sum(d["n_tokens"] for d in documents),
    }


def decide(documents, steps, *, bands):
    """Verdicts by id, and the ledger's entry of every step."""
    alive = list(documents)
    failed = {d["id"]: [] for d in documents}
    for rule in (rule for step in steps for rule in rules_of(step)):
        for document in documents:
            reason = f"{rule[0]}:{rule[1]}"
            if fails(document, rule) and reason not in failed[document["id"]]:
                failed[document["id"]].append(reason)
    verdicts = {
        d["id"]: {"kept": True, "dropped_by": None, "reasons": failed[d["id"]], "cluster": None, "kept_instead": None}
        for d in documents
    }  # fmt: skip
    entries = []
    for step in steps:
        before = alive
        by_rule = {}
        if "rules" in step:
            for rule in rules_of(step):
                alive = apply_rule(rule, documents, alive, verdicts, failed, by_rule)
        else:
            alive = apply_step(step, documents, alive, verdicts, failed, by_rule, bands)
        entries.append({"in": amounts(before), "out": amounts(alive), "by_rule": by_rule})
    return verdicts, entries


def apply_rule(rule, documents, alive, verdicts, failed, by_rule):
    reason = f"{rule[0]}:{rule[1]}"
    everyone = [d for d in documents if fails(d, rule)]
    first = [d for d in alive if fails(d, rule)]
    for document in first:
        verdicts[document["id"]] |= {"kept": False, "dropped_by": reason}
    if everyone or rule[1] != "undefined":
        by_rule[reason] = {
            "first": amounts(first),
            "alone": amounts(everyone),
            "exclusive": amounts([d for d in everyone if failed[d["id"]] == [reason]]),
        }
    return [d for d in alive if not fails(d, rule)]


def apply_step(step, documents, alive, verdicts, failed, by_rule, bands):
    _, alone, _ = act(step, documents, documents, bands)
    reason, dropped, groups = act(step, documents, alive, bands)
    for group, winner in groups:
        for document in group:
            verdicts[document["id"]]["cluster"] = min(d["id"] for d in group)
            if document is not winner:
                verdicts[document["id"]]["kept_instead"] = winner["id"]
    # A document that no rule fails is dropped by this step and nothing else.
    exclusive = [d for d in dropped if not failed[d["id"]]]
    for document in dropped:
        found = verdicts[document["id"]]
        found |= {"kept": False, "dropped_by": reason, "reasons": [*found["reasons"], reason]}
    by_rule[reason] = {
        "first": amounts(dropped),
        "alone": amounts(alone),
        "exclusive": amounts(exclusive),
    }
    return [d for d in alive if d not in dropped]
