"""Run by datatrove's interpreter: what it makes of URLs, bad words, paragraphs and personal data.

In: one JSON object a line, one of

- `{"unpack": folder}`: writes the lists that the package ships into the folder;
- `{"url": url, "lists": folder}`: `[kept, reason, registered domain, host]`;
- `{"text": text, "words": folder, "language": language}`: `[kept, reason]`;
- `{"paragraphs": text}`: `[kept, reason]`;
- `{"pii": text}`: the text that a new formatter leaves.

Out: one JSON answer a line. Nothing is fetched: bad words come from the folder, public suffixes
from the snapshot in `tldextract`.
"""

import functools
import json
import shutil
import sys
import tarfile
import warnings
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import C4BadWordsFilter, C4ParagraphFilter, URLFilter, c4_filters
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils._import_utils import ASSETS_PATH
from tldextract import TLDExtract

EXTRACT = TLDExtract(suffix_list_urls=(), cache_dir=None)
WORD_LISTS = ("banned_words.txt", "soft_banned_words.txt", "banned_subwords.txt")

warnings.simplefilter("ignore", DeprecationWarning)


def unpack(folder):
    """The five lists that the package ships."""
    for name in WORD_LISTS:
        shutil.copy(Path(ASSETS_PATH) / name, folder)
    with tarfile.open(Path(ASSETS_PATH) / "url_filterblacklistsv0_3_0.tar.gz") as archive:
        archive.extractall(folder, filter="data")


@functools.cache
def url_filter(folder):
    """The filter with the lists of a folder."""

    def lines(name):
        with (Path(folder) / name).open(encoding="utf-8") as file:
            return list(file)

    made = URLFilter(
        use_integrated_lists=False,
        extra_domains=lines("domains"),
        extra_urls=lines("urls"),
        banned_words=lines("banned_words.txt"),
        soft_banned_words=lines("soft_banned_words.txt"),
        banned_subwords=lines("banned_subwords.txt"),
    )
    made.tldextractor = EXTRACT
    return made


@functools.cache
def bad_words_filter(folder):
    """The filter with the lists of a folder: the last part of the address is the language."""
    c4_filters.cached_asset_path_or_download = lambda url, **_: f"{folder}/{url.rpartition('/')[2]}"
    return C4BadWordsFilter()


def ask(question):
    """What the original makes of one question."""
    if "unpack" in question:
        return unpack(question["unpack"])
    if "pii" in question:
        return PIIFormatter().format(question["pii"])
    if "paragraphs" in question:
        return verdict(C4ParagraphFilter(), question["paragraphs"], {})
    if "url" in question:
        found = EXTRACT(question["url"])
        kept = verdict(url_filter(question["lists"]), "text", {"url": question["url"]})
        return [*kept, found.registered_domain, found.fqdn]
    metadata = {"language": question["language"]}
    return verdict(bad_words_filter(question["words"]), question["text"], metadata)


def verdict(step, text, metadata):
    """Kept or not, and the reason."""
    answer = step.filter(Document(text=text, id="0", metadata=metadata))
    return list(answer) if isinstance(answer, tuple) else [answer, None]


for line in sys.stdin:
    sys.stdout.write(json.dumps(ask(json.loads(line))) + "\n")
    sys.stdout.flush()
