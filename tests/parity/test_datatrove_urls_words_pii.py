"""datatrove's filters on URLs, bad words and paragraphs, and its masks, against ours.

Known differences, all on purpose:

- public suffixes: ours are those of the `psl` crate, the original's those that `tldextract` has (its
  snapshot here); a rule that was added to or taken from the list since moves the registered domain
  of the hosts beneath it;
- personal data: 192.0.0.0/24 is global or not as Python 3.11.10, 3.12.4 and later have it, whatever
  the Python of the original.
"""

import os
import random
from pathlib import Path

import oracle
import polars as pl
import pyarrow as pa
import pytest
from corpora import mutated, sample, soup
from verdicts import verdict

from refinery import _core
from twins import c4_badwords, c4_paragraph, pii
from twins import url as url_twin

pytestmark = [pytest.mark.parity, pytest.mark.slow, pytest.mark.timeout(1800)]

ASK = "ask_datatrove_urls_words_pii.py"

NASTY_URLS = [
    "a", "://", "//", "//a.com", "http://", "http:///", "http://.", "http://..com", "http://.com",
    "http://co.uk", "http://a..com", "http://.a.com", "http://..a.com", "http://a.com.", "http://a.com..",
    "HTTP://USER:PA@SS@WWW.A.COM:80/", "http://a.com:b@c.org/", "http://a.com\\@b.org/", "http://[::1]/",
    "http://[::1].com/", "http://[a.com]/", "http://[a.com/", "http://[::ffff:1.2.3.4]:80/x",
    "http://1.2.3.4/", "http://1.2.3.4.5/", "http://01.2.3.4/", "http://a.1.2.3.4/", "http://localhost",
    "a.com", "a.com/b.org", "a.com?b.org", "a.com#b.org", "x/y//a.com", "f_o://a.com", "é://a.com",
    "git+ssh://a.co.uk/x", "1://a.com", "http:/a.com", "http:a.com", " http://a.com", "http:// a.com /",
    "http://\ta.com\n", "http://a.com\x1c/", "http://ck", "http://a.ck", "http://b.a.ck", "http://www.ck",
    "http://b.www.ck", "http://a..ck", "http://.ck", "http://!www.ck", "http://*.ck", "http://a.*.ck",
    "http://kawasaki.jp", "http://a.kawasaki.jp", "http://b.a.kawasaki.jp", "http://city.kawasaki.jp",
    "http://b.city.kawasaki.jp", "http://x.compute.amazonaws.com", "http://a.b.blogspot.com",
    "http://u.github.io", "http://github.io", "http://s3.dualstack.eu-west-1.amazonaws.com",
    "http://a\u3002b\uff0eco\uff61uk", "http://a.com\u3002", "http://пример.рф", "http://ПРИМЕР.РФ",
    "http://xn--e1afmkfd.xn--p1ai", "http://a.XN--P1AI", "http://a.xn--p1a", "http://a.xn--",
    "http://例.公司.cn", "http://例.xn--55qx5d.cn", "http://a.nosuchtld", "http://a.b.nosuchtld/",
    "http://a_b.com", "http://a b.com", "http://-.com", "http://a.com:80:90/", "http://a.com:/",
    "http://ΑΣ.ελ", "http://İ.com", "http://a.straße.de", "http://a.\u0130o.uk", "http://a.\u212ao.kr",
]  # fmt: skip


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """The lists that datatrove ships."""
    folder = tmp_path_factory.mktemp("url-lists")
    oracle.answers(ASK, [{"unpack": str(folder)}])
    return folder


def url_corpus(lists):
    """Real addresses, and addresses made of what the lists hold."""
    rng = random.Random(1)
    domains = rng.sample((lists / "domains").read_text().splitlines(), 1500)
    urls = rng.sample((lists / "urls").read_text().splitlines(), 500)
    words = [
        word
        for name in ("banned_words.txt", "soft_banned_words.txt", "banned_subwords.txt")
        for word in (lists / name).read_text().splitlines()
        if not word.startswith("#")
    ]
    plain = ["the", "news", "blog", "2020", "a", "recipes", "index.html", "q", "É"]
    made = []
    for _ in range(4000):
        host = rng.choice([*rng.sample(domains, 3), "example.com", "news.bbc.co.uk"])
        parts = [
            rng.choice(words if rng.random() < 0.25 else plain) for _ in range(rng.randrange(7))
        ]
        parts = [rng.choice([p, p, p.upper(), p.title(), p + "s"]) for p in parts]
        prefix = rng.choice(["http://", "https://www.", "http://a.b.", ""])
        made.append(prefix + host + "/" + rng.choice("/-_.+").join(parts))
    return [*made, *urls, *(f"http://{d}/" for d in domains), *real_urls(), *NASTY_URLS]


def real_urls():
    folder = os.environ.get("REFINERY_TEST_DATA")
    if folder is None:
        return []
    raw = pl.scan_parquet(Path(folder) / "raw" / "*.parquet").select("url")
    return raw.collect()["url"].drop_nulls().unique().sort().to_list()


def rows(batch, family):
    """One dict a row, by the signals' own names."""
    found = pl.DataFrame(pa.record_batch(batch)).to_dicts()
    return [{k.removeprefix(f"{family}."): v for k, v in row.items()} for row in found]


def test_urls_have_the_original_verdict_and_reason(lists):
    urls = [url for url in url_corpus(lists) if url]
    original = oracle.answers(ASK, [{"url": url, "lists": str(lists)} for url in urls])
    ours = rows(_core.UrlFilter(lists).run(pa.array(urls)), "datatrove.url")
    found = [verdict("datatrove/url", row) for row in ours]
    wrong = [
        (url, expected, row)
        for url, (*expected, _, _), row in zip(urls, original, found, strict=True)
        if expected != row
    ]
    assert not wrong, f"{len(wrong)} of {len(urls)} differ, the first: {wrong[:5]}"
    seen = {answer[1] for answer in original}
    assert seen >= {None, "domain", "subdomain", "url", "hard_blacklisted", "soft_blacklisted"}
    assert "blacklisted_subword" in seen


def names_found(urls, answers, tmp_path):
    """Per URL, whether our registered domain and host are among the original's."""
    for i, kind in enumerate(("registered", "host")):
        folder = tmp_path / kind
        folder.mkdir()
        for name in ("urls", "banned_words.txt", "soft_banned_words.txt", "banned_subwords.txt"):
            (folder / name).write_text("")
        (folder / "domains").write_text("\n".join(answer[2 + i] for answer in answers))
        column = ("has_blocked_domain", "has_blocked_host")[i]
        yield [
            row[column]
            for row in rows(_core.UrlFilter(folder).run(pa.array(urls)), "datatrove.url")
        ]


@pytest.fixture
def no_lists(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    for name in (
        "domains",
        "urls",
        "banned_words.txt",
        "soft_banned_words.txt",
        "banned_subwords.txt",
    ):
        (folder / name).write_text("")
    return str(folder)


def test_registered_domains_are_those_of_tldextract(no_lists, tmp_path):
    urls = [*NASTY_URLS, *real_urls()]
    answers = oracle.answers(ASK, [{"url": url, "lists": no_lists} for url in urls])
    registered, hosts = names_found(urls, answers, tmp_path)
    wrong = [
        (url, answer[2:], has_domain, has_host)
        for url, answer, has_domain, has_host in zip(urls, answers, registered, hosts, strict=True)
        if (bool(answer[2]), bool(answer[3])) != (has_domain == 1, has_host == 1)
    ]
    assert not wrong, f"{len(wrong)} of {len(urls)} differ: {wrong[:5]}"
    assert any(answer[2] for answer in answers)
    assert any(not answer[2] for answer in answers)


def test_the_url_twin_names_what_tldextract_names(no_lists):
    hosts = ("bad.com", "www.bad.com", ".bad.com", "a..com", "x.co.uk", "co.uk", "Bad.COM", "z", "")
    urls = [f"http://u@{host}:80/a" for host in hosts]
    answers = oracle.answers(ASK, [{"url": url, "lists": no_lists} for url in urls])
    assert [url_twin.names(url) for url in urls] == [tuple(answer[2:]) for answer in answers]


LISTED = {
    "en": ["bad", "very bad", "a+b", "Capital", "sm", "quick", "lazy dog", "x x", "naïve", "ipsum"],
    "fr": ["été", "c'est", "ça", "e\u0301"],
    "ja": ["日本", "グロ", "女の子", "性", "lazy"],
    "zh": ["性", "本語"],
    "th": ["日"],
    "ru": ["мир", "на"],
    "tr": ["i\u0307", "\u0131"],
}


@pytest.fixture(scope="module")
def bad_words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ldnoobw")
    for language, words in LISTED.items():
        (folder / language).write_text("".join(f"{word}\n" for word in words))
    return folder


def bad_texts():
    rng = random.Random(2)
    words = sorted({word for listed in LISTED.values() for word in listed})
    flanks = [
        " ",
        "\n",
        "_",
        "é",
        "e\u0301",
        "5",
        "½",
        "“",
        "\u2019",
        "-",
        "日",
        "",
        "\u200b",
        "Σ",
        "İ",
    ]
    made = [
        "".join(
            rng.choice([*flanks, *flanks, rng.choice(words), rng.choice(words).upper()])
            for _ in range(rng.randrange(1, 12))
        )
        for _ in range(3000)
    ]
    real = sample(300, seed=5)
    return ["", *made, *real, *soup(300, seed=6), *mutated(real, seed=7)]


@pytest.mark.parametrize("language", LISTED)
def test_bad_words_have_the_original_verdict(language, bad_words):
    texts = bad_texts()
    questions = [{"text": t, "words": str(bad_words), "language": language} for t in texts]
    original = oracle.answers(ASK, questions)
    computed = _core.BadWords(bad_words, language).run(pa.array(texts))
    ours = rows(computed, "datatrove.c4_badwords")
    found = [verdict("datatrove/c4_badwords", row) for row in ours]
    wrong = [(t, e, f) for t, e, f in zip(texts, original, found, strict=True) if e != f]
    assert not wrong, f"{len(wrong)} of {len(texts)} differ, the first: {wrong[:3]}"
    assert {kept for kept, _ in original} == {True, False}
    twins = [c4_badwords.signals(text, LISTED[language], language) for text in texts[:1500]]
    assert [verdict("datatrove/c4_badwords", row) for row in twins] == original[:1500]


def test_paragraphs_have_the_original_verdict_and_reason():
    rng = random.Random(3)
    lengths = (0, 10, 199, 200, 201, 500)
    made = [
        "\n".join("é" * rng.choice(lengths) for _ in range(rng.randrange(1, 9)))
        for _ in range(1000)
    ]
    texts = ["", "\n\n", *made, *sample(300, seed=8), *soup(300, seed=9)]
    original = oracle.answers(ASK, [{"paragraphs": text} for text in texts])
    batch = _core.Pass(families=["datatrove.c4_paragraph"]).run(pa.array(texts))
    ours = rows(batch, "datatrove.c4_paragraph")
    assert [verdict("datatrove/c4_paragraph", row) for row in ours] == original
    twins = [c4_paragraph.signals(text) for text in texts]
    assert twins == ours
    assert {kept for kept, _ in original} == {True, False}


PERSONAL = [
    *("a@b.co", "x.y+z@mail.example.org", "u@[1.2.3.4]", "u@[1.2.3.x-y:]", "a..b@c.de", "@", "@@", "."),
    *("8.8.8.8", "10.0.0.1", "172.31.1.1", "1.2.3.256", "100.64.0.1", "01.2.3.4", "255.255.255.255"),
    *("224.0.0.1", "1.2.3", "198.19.255.1", "[", "]", ":", "-", "_", "!", "é", "日", "\u0301", "½", "1"),
    *(" ", " ", ", ", "\n", "a", "Z", "25"),
]  # fmt: skip


def test_personal_data_is_replaced_as_by_a_new_original_for_each_document():
    rng = random.Random(4)
    made = ["".join(rng.choices(PERSONAL, k=rng.randrange(1, 30))) for _ in range(6000)]
    loose = [
        "".join(rng.choices("aB1.@-_[]:!é日 0259", k=rng.randrange(1, 60))) for _ in range(4000)
    ]
    real = sample(1200, seed=10)
    texts = ["", *made, *loose, *real, *mutated(real, seed=11), *soup(500, seed=12)]
    texts = [text for text in texts if "192.0.0." not in text]
    original = oracle.answers(ASK, [{"pii": text} for text in texts])
    ours = pa.array(_core.edited(pa.array(texts), ["datatrove.pii"])).to_pylist()
    for text, expected, found in zip(texts, original, ours, strict=True):
        assert found == expected, repr(text[:200])
        assert pii.edited_text(text) == expected, repr(text[:200])
    counts = rows(_core.Pass(families=["datatrove.pii"]).run(pa.array(texts)), "datatrove.pii")
    assert counts == [pii.signals(text) for text in texts]
    assert sum(row["n_emails"] > 0 for row in counts) > 1000
    assert sum(row["n_public_ipv4s"] > 0 for row in counts) > 1000
