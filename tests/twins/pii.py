"""Twin of `datatrove.pii`: the signals, and the edit of the same name.

By regular expressions, one after the other, as the original goes about it.
"""

import ipaddress
import itertools
import re

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
NAME = rf"(?:{LABEL}\.)+{LABEL}"
LITERAL = rf"\[(?:{OCTET}\.){{3}}(?:{OCTET}|[A-Za-z0-9-]*[A-Za-z0-9]:)\]"
EMAIL = re.compile(rf"\b{ATOM}(?:\.{ATOM})*@(?:{NAME}|{LITERAL})")
IPV4 = re.compile(rf"(?:{OCTET}\.){{3}}{OCTET}")

EMAILS = ("email@example.com", "firstname.lastname@example.org")
IPV4S = (
    "22.214.171.124",
    "126.96.36.199",
    "188.8.131.52",
    "184.108.40.206",
    "220.127.116.11",
    "18.104.22.168",
)
PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")


def is_public(quad: str) -> bool:
    """`is_global`; in 192.0.0.0/24 as Python 3.11.10, 3.12.4 and later have it."""
    try:
        address = ipaddress.IPv4Address(quad)
    except ValueError:
        return False
    if address in PROTOCOL_ASSIGNMENTS:
        return quad in ("192.0.0.9", "192.0.0.10")
    return address.is_global


def edited_text(text: str) -> str:
    """Emails and public addresses replaced in turn, from the first in each document."""
    emails = itertools.cycle(EMAILS)
    quads = itertools.cycle(IPV4S)
    text = EMAIL.sub(lambda _: next(emails), text)
    return IPV4.sub(lambda found: next(quads) if is_public(found[0]) else found[0], text)


def signals(text: str) -> dict[str, float | None]:
    """Every signal of the family."""
    without_emails = EMAIL.sub("<", text)
    return {
        "n_emails": len(EMAIL.findall(text)),
        "n_public_ipv4s": sum(map(is_public, IPV4.findall(without_emails))),
    }
