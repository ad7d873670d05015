"""Twin of `datatrove.url`, for hosts whose public suffix is one of a few."""

import re

SUFFIXES = ("com", "org", "co.uk")


def letters(text: str) -> str:
    """ASCII letters and digits, in lower case."""
    return re.sub("[^a-zA-Z0-9]+", "", text).lower()


def load(lines: list[str], *, plain: bool) -> set[str]:
    """The entries of a list; comments and entries of nothing are none."""
    entries = [line for line in lines if not line.startswith("#")]
    return {entry.strip() if plain else letters(entry) for entry in entries} - {""}


def names(url: str) -> tuple[str, str]:
    """Registered domain and host, empty without a public suffix."""
    host = re.sub(r"^[a-zA-Z0-9+.-]+://", "", url)
    host = re.split("[/?#]", host)[0].rpartition("@")[2].partition(":")[0].strip().rstrip(".")
    labels = host.split(".")
    for n in (2, 1):
        if ".".join(labels[-n:]).lower() in SUFFIXES and len(labels) > n and labels[-n - 1]:
            # An empty subdomain is left out with its dot.
            domain = ".".join(labels[-n - 1 :])
            return domain, domain if host == f".{domain}" else host
    return "", ""


def signals(url: str | None, lists: dict[str, list[str]]) -> dict[str, float | None]:
    """Every signal of the family; `lists` are lines by the files' names."""
    order = (
        *("has_blocked_domain", "has_blocked_host", "is_blocked_url"),
        *("n_banned_words", "n_soft_banned_words", "n_banned_subwords"),
    )
    if not url:
        return dict.fromkeys(order)
    domains = load(lists["domains"], plain=True)
    domain, host = names(url)
    parts = set(re.split("[^a-zA-Z0-9]+", url))
    subwords = load(lists["banned_subwords.txt"], plain=False)
    values = (
        domain in domains,
        host in domains,
        url in load(lists["urls"], plain=True),
        len(load(lists["banned_words.txt"], plain=False) & parts),
        len(load(lists["soft_banned_words.txt"], plain=False) & parts),
        sum(len(re.findall(f"(?={word})", letters(url))) for word in subwords),
    )
    return {name: float(value) for name, value in zip(order, values, strict=True)}
