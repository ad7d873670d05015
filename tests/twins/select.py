"""What each selection keeps, slow and obvious: from values to ids and their copies.

A document is a mapping with an `id`, `n_tokens`, and the columns that are named; all are alive and
all were read. Shares no code with the engine.
"""

import math

import xxhash

SALT = 0x73656C656374


def draw(document, seed):
    hashed = xxhash.xxh3_64_intdigest(document["id"].encode(), seed=seed ^ SALT)
    return ((hashed >> 11) + 0.5) / 2**53


def value_of(document, by):
    if isinstance(by, str):
        return document[by]
    value = document[by["lowest"]]
    return None if value is None else -value


def rank(documents, values, weight):
    """Share of all weight below a value, and half of that at it."""
    defined = [(v, weight(d)) for d, v in zip(documents, values, strict=True) if v is not None]
    total = sum(w for _, w in defined)
    return [
        None
        if v is None
        else (sum(w for u, w in defined if u < v) + sum(w for u, w in defined if u == v) / 2)
        / total
        for v in values
    ]


def combined(documents, step, weight):
    n = step.get("buckets", 20)
    how = {"max": max, "min": min, "mean": lambda x: sum(x) / len(x)}[step.get("combine", "max")]
    ranks = [rank(documents, [value_of(d, by) for d in documents], weight) for by in step["by"]]
    found = []
    for of_document in zip(*ranks, strict=True):
        if all(r is None for r in of_document):
            found.append(None)
            continue
        filled = [r or 0.0 for r in of_document]
        found.append(
            how([min(n - 1, math.floor(r * n)) for r in filled]) + sum(filled) / len(filled)
        )
    return rank(documents, found, weight)


def keys(documents, values, step, seed):
    """What the highest are taken of, and None where there is no value."""
    rule = step.get("rule", "top")
    if rule == "pareto":
        alpha = step.get("alpha", 9)
        lomax = [draw(d, seed) ** (-1 / alpha) - 1 for d in documents]
        return [None if v is None else x + v - 1 for x, v in zip(lomax, values, strict=True)]
    temperature = step.get("temperature", 2)
    if rule != "sample" or temperature == 0:
        return values
    logits = [None if v is None else math.log(v / (1 - v)) for v in values]
    defined = [x for x in logits if x is not None]
    mean = sum(defined) / len(defined)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in defined) / len(defined))
    gumbel = [-math.log(-math.log(draw(d, seed))) for d in documents]
    return [
        None if x is None else x / deviation + temperature * g
        for x, g in zip(logits, gumbel, strict=True)
    ]


def until(ranked, target, weight):
    total, chosen = 0, []
    for document in ranked:
        if total + weight(document) / 2 <= target:
            chosen.append(document)
        total += weight(document)
    return chosen


def shared_out(available, shares, target):
    """Each domain its share, and what one lacks is made up for by the others."""
    found = dict.fromkeys(available, 0.0)
    names = [name for name in sorted(available) if shares.get(name)]
    while names:
        total = sum(shares[name] for name in names)
        left = target - sum(found.values())
        full = [n for n in names if left * shares[n] / total >= available[n]]
        if not full:
            return found | {n: left * shares[n] / total for n in names}
        found |= {n: available[n] for n in full}
        names = [n for n in names if n not in full]
    return found


def curve_copies(ranked, target, step, seed, weight):
    """Copies of documents that stand best first."""
    n, discard, most = step.get("buckets", 20), step.get("discard", 0.4), step.get("max_repeat", 7)
    total, at, buckets = sum(map(weight, ranked)), 0, {}
    for document in ranked:
        place = 1 - (at + weight(document) / 2) / total
        at += weight(document)
        bucket = min(n - 1, math.floor((place - discard) / (1 - discard) * n))
        if bucket >= 0:
            buckets.setdefault(bucket, []).append(document)

    def repeats(steepness):
        return {b: most * ((b + 0.5) / n) ** steepness for b in buckets}

    def made(steepness):
        return sum(r * sum(map(weight, buckets[b])) for b, r in repeats(steepness).items())

    low, high = 0.0, 1e6
    if made(0) > target:
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if made(middle) > target else (low, middle)
        low = high
    copies = {}
    for b, r in repeats(low).items():
        drawn = sorted(buckets[b], key=lambda d: draw(d, seed))
        size = sum(map(weight, drawn))
        more = {d["id"] for d in until(drawn, (r - math.floor(r)) * size, weight)}
        copies |= {d["id"]: math.floor(r) + (d["id"] in more) for d in drawn}
    return {key: value for key, value in copies.items() if value}


def select(documents, step, seed=0):
    """Ids of those that stay, with their copies."""
    unit = "documents" if "documents" in step else step.get("unit", "tokens")

    def weight(document):
        return 1 if unit == "documents" else document[f"n_{unit}"]

    target = step.get("documents", step.get("yield", 0) * sum(map(weight, documents)))
    quota = step.get("quota")
    domains = {}
    for document in documents:
        domains.setdefault(document[quota["column"]] if quota else "", []).append(document)
    values = {}
    for members in domains.values():
        if isinstance(step["by"], list):
            found = combined(members, step, weight)
        else:
            found = [value_of(d, step["by"]) for d in members]
        values |= {d["id"]: v for d, v in zip(members, found, strict=True)}
    key = dict(
        zip(values, keys(by_id(documents, values), list(values.values()), step, seed), strict=True)
    )

    def order(document):
        one, value = key[document["id"]], values[document["id"]]
        return (one is None, -(one or 0), -(value or 0), document["id"])

    ranked = sorted(documents, key=order)
    if step.get("rule") == "curve":
        return curve_copies(ranked, target, step, seed, weight)
    if "threshold" in step:
        bound = -step["threshold"] if isinstance(step["by"], dict) else step["threshold"]
        chosen = [d for d in ranked if values[d["id"]] is not None and values[d["id"]] >= bound]
    elif "yield" not in step and "documents" not in step:
        chosen = [d for d in ranked if key[d["id"]] is not None and key[d["id"]] > 0]
    elif quota:
        available = {name: sum(map(weight, members)) for name, members in domains.items()}
        targets = shared_out(available, shares_of(available, quota), target)
        chosen = []
        for name, members in domains.items():
            of_domain = sorted(members, key=order)
            found = until(of_domain, targets[name], weight)
            chosen += found or of_domain[: targets[name] > 0]
    else:
        chosen = until(ranked, target, weight)
    return {d["id"]: 1 for d in chosen}


def by_id(documents, ids):
    found = {d["id"]: d for d in documents}
    return [found[key] for key in ids]


def shares_of(available, quota):
    shares = quota.get("shares", "proportional")
    if shares == "equal":
        return dict.fromkeys(available, 1.0)
    if shares == "proportional":
        return available
    rest = max(0.0, 1 - sum(shares.values()))
    others = sum(a for name, a in available.items() if name not in shares)
    return {n: shares.get(n, rest * a / max(1, others)) for n, a in available.items()}
