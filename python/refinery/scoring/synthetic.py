"""Made-up text of kinds that no openly licensed source of ours has: logs, notices, listings.

What it is: small grammars, written for this project, whose output goes into the negative class of
the built-in model so that it has seen such kinds at all. What it is not: realistic. A classifier
trained on nothing else would learn the grammar; here it is a few hundredths of the examples.

Every function takes a random generator and a list of real words to fill the gaps, and gives one
text of about `n_words` words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

_LEVELS = ["INFO", "WARN", "ERROR", "DEBUG", "TRACE", "notice", "info", "error", "warning", "FATAL"]
_EVENTS = [
    "connection from {ip} closed",
    "session opened for user {word} by (uid={n})",
    "Failed password for invalid user {word} from {ip} port {n} ssh2",
    "Received block blk_{n} of size {n} from /{ip}",
    "PacketResponder {n} for block blk_{n} terminating",
    "GET /{word}/{word}.html HTTP/1.1 {n} {n}",
    "worker {n} started in {n} ms",
    "authentication failure; logname= uid={n} euid={n} tty=ssh ruser= rhost={ip}",
    "task {hex} finished on executor {n} in {n} ms",
    "cache miss for key {hex}",
    "java.io.IOException: {word} at org.apache.{word}.{word}.run(Thread.java:{n})",
    "kernel: CPU{n} {word} hda: {hex} status",
    "retrying request {hex} attempt {n} of {n}",
    "jk2_init() Found child {n} in scoreboard slot {n}",
    "opened {word}.exe with PID {n} proxy {ip}:{n} sent {n} bytes received {n} bytes",
]
_TERMS = [
    "By using the {word} service you agree to be bound by these terms and conditions.",
    "We may modify these terms at any time without prior notice to you.",
    "You grant us a worldwide, non-exclusive, royalty-free, sublicensable licence to use your content.",
    "THE SOFTWARE IS PROVIDED AS IS, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.",
    "In no event shall the provider be liable for any indirect, incidental, special or consequential damages.",
    "We use cookies and similar technologies to personalise content and advertising.",
    "We collect information that you provide to us, such as your name, email address and {word}.",
    "We may share your personal data with our affiliates, partners and third-party vendors.",
    "You must not reproduce, distribute, modify, sublicense or create derivative works of the {word}.",
    "If you do not agree to this policy, please do not access or use our services.",
    "Redistributions of source code must retain the above notice, this list of conditions and this disclaimer.",
    "This agreement shall be governed by the laws of the jurisdiction in which the company is established.",
    "Your account may be suspended or terminated at our sole discretion.",
    "Any dispute arising out of this agreement shall be resolved by binding arbitration.",
    "Last updated on {date}. Please read this privacy policy carefully.",
    "You represent and warrant that you are at least {n} years of age.",
    "All rights reserved. {word} and the {word} logo are registered trademarks.",
    "The licensee shall indemnify and hold harmless the licensor against all claims, losses and expenses.",
    "You may opt out of marketing communications by following the unsubscribe instructions.",
    "Each contributor hereby grants you a perpetual, irrevocable patent licence under the terms of section {n}.",
    "Nothing in these terms limits any rights you may have under applicable consumer law.",
    "Subscription fees are billed in advance and are non-refundable except as required by law.",
]
_MENU = [
    "Home",
    "About us",
    "Contact",
    "Log in",
    "Sign up",
    "Register",
    "Search",
    "Site map",
    "Privacy policy",
    "Terms of use",
    "Next",
    "Previous",
    "Read more",
    "Share",
    "Tweet",
    "Print",
    "Email this page",
    "Subscribe",
    "Newsletter",
    "RSS",
    "Help",
    "FAQ",
    "My account",
    "Cart",
    "Checkout",
    "Follow us",
    "Skip to main content",
    "Back to top",
    "View all",
    "Download PDF",
    "Comments (0)",
    "Leave a reply",
    "Related posts",
    "Archives",
    "Categories",
    "Tags",
    "Copyright {year}",
    "All rights reserved",
    "Powered by {word}",
    "Posted on {date} by {word}",
    "Page {n} of {n}",
    "Show more",
    "Filter by {word}",
    "Sort by date",
    "Language: English",
]
_LISTING = [
    "{date} {word} v. {word} No. {n}-{n} (PDF)",
    "Case number: {n}-CV-{n} Filed: {date} Judge: {word}",
    "{word} {word} {n}:00 p.m. - {n}:30 p.m. Room {n}",
    "{date} Opinion {word} {word} Affirmed Docket {n}",
    "{word}.pdf {n} KB {date}",
    "{n}. {word} {word} ({year}) {n} pages",
    "ISBN {n}-{n}-{n} ${n}.{n} in stock",
    "Lot {n}: {word} {word} SKU {hex} Qty {n}",
]
_CHANGES = [
    "* Fix {word} when {word} is empty ([#{n}](https://github.com/{word}/{word}/pull/{n}))",
    "- Bump {word} from {v} to {v}",
    "### {v} ({date})",
    "- [`{hex}`] Add support for `--{word}` in {word}",
    "* Remove deprecated `{word}` option (#{n}) by @{word}",
    "- {word}: avoid panic in {word} parser",
    "Bug fixes:",
    "* **BREAKING**: rename `{word}` to `{word}`",
    "Contributors: @{word}, @{word}, @{word}",
    "- [BUG #{n}](https://example.org/issues/{n}): {word} now handles {word}.",
]
_CHAT = [
    "[{time}] <{word}> {line}",
    "{time} <{word}{n}> {line}",
    "=== {word} [~{word}@{ip}] has joined #{word}",
    "*** {word} has quit (Read error: Connection reset by peer)",
    "<{word}> {word}: {line}",
    "[{time}] <{word}_> lol {line}",
    "[{time}] <{word}> anyone know why {line} ?",
    "[{time}] <{word}> !{word} | {word}",
]


def log(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """Lines of a server's log, all of one shape."""
    shape = draw.choice(
        [
            "{date} {time} {level} ",
            "{time},{n} {level} {word}.{word}: ",
            "[{date} {time}] [{level}] ",
            "{stamp} ",
        ]
    )
    events = draw.sample(_EVENTS, 3)
    return _lines(draw, fillers, n_words, lambda: shape + draw.choice(events))


def terms(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """Sentences of a licence, a privacy notice or terms of use."""
    return _lines(draw, fillers, n_words, lambda: draw.choice(_TERMS), " ")


def menu(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """The links around a web page."""
    separator = draw.choice(["\n", " | ", " ", " > "])
    return _lines(
        draw, fillers, n_words, lambda: draw.choice([*_MENU, "{word}", "{word} {word}"]), separator
    )


def listing(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """Rows of a docket, a catalogue or a timetable, all of one shape."""
    shapes = draw.sample(_LISTING, 2)
    return _lines(draw, fillers, n_words, lambda: draw.choice(shapes))


def changelog(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """What changed in a program."""
    return _lines(draw, fillers, n_words, lambda: draw.choice(_CHANGES))


def chat(draw: Random, fillers: Sequence[str], n_words: int) -> str:
    """Short informal lines with nicknames."""
    shapes = draw.sample(_CHAT, 4)
    return _lines(draw, fillers, n_words, lambda: draw.choice(shapes))


def _lines(
    draw: Random,
    fillers: Sequence[str],
    n_words: int,
    template: Callable[[], str],
    separator: str = "\n",
) -> str:
    lines: list[str] = []
    count = 0
    while count < n_words:
        line = _fill(template(), draw, fillers)
        lines.append(line)
        count += len(line.split())
    return separator.join(lines)


def _fill(template: str, draw: Random, fillers: Sequence[str]) -> str:
    """Every gap drawn anew: {word}, {n}, {date} and so on."""
    head, _, rest = template.partition("{")
    parts = [head]
    while rest:
        gap, _, rest = rest.partition("}")
        parts.append(_GAPS[gap](draw, fillers))
        head, _, rest = rest.partition("{")
        parts.append(head)
    return "".join(parts)


def _date(draw: Random, _: Sequence[str]) -> str:
    year, month, day = draw.randrange(1998, 2026), draw.randrange(1, 13), draw.randrange(1, 29)
    return draw.choice(
        [f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}", f"{day}.{month:02}.{year}"]
    )


def _time(draw: Random, _: Sequence[str]) -> str:
    return f"{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"


_GAPS: dict[str, Callable[[Random, Sequence[str]], str]] = {
    "word": lambda draw, fillers: draw.choice(fillers),
    "line": lambda draw, fillers: " ".join(draw.choices(fillers, k=draw.randrange(2, 9))).lower(),
    "n": lambda draw, _: str(draw.randrange(10 ** draw.randrange(1, 6))),
    "v": lambda draw, _: f"{draw.randrange(9)}.{draw.randrange(30)}.{draw.randrange(9)}",
    "ip": lambda draw, _: ".".join(str(draw.randrange(256)) for _ in range(4)),
    "hex": lambda draw, _: f"{draw.getrandbits(28):07x}",
    "year": lambda draw, _: str(draw.randrange(1998, 2026)),
    "level": lambda draw, _: draw.choice(_LEVELS),
    "stamp": lambda draw, _: f"{draw.randrange(10**9, 2 * 10**9)}",
    "date": _date,
    "time": _time,
}
