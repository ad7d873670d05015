"""Signals with lists (bad words, URLs) and personal data are those of their slow twins.

`parity/test_datatrove_urls_words_pii.py` has the originals and their lists.
"""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery import _core
from refinery.errors import ParameterError, SchemaError
from twins import c4_badwords, pii, url

BAD_WORDS = [
    "bad",
    "very bad",
    " two  words ",
    "a+b",
    "Capital",
    "übel",
    "sm",
    "",
    "ad",
    "k",
    "σας",
]
PIECES = st.sampled_from(
    [
        *("bad", "very", "BAD", "Übel", "ad", "a+b", "capital", "Capital", "sm", "two  words"),
        *("\u212a", "ΣΑΣ", "İ", "é", "漢", "½", "_", "5", "\u0301", "“", "\u2019s", "-"),
        *(" ", " ", " ", "\n", ",", "."),
    ]
)
PROSE = st.lists(PIECES, max_size=40).map("".join)

ADDRESS = st.text(
    alphabet=st.sampled_from(
        [*"aB1", *"1", *"2569", *"0", *"....", *"@@", *"[]:-_!", *" é日\u0301"]
    ),
    max_size=40,
)
ADDRESSES = st.lists(
    st.sampled_from(
        [
            *("a@b.co", "x.y+z@mail.example.org", "u@[1.2.3.4]", "u@[1.2.3.x:]", "a..b@c.de"),
            *("8.8.8.8", "10.0.0.1", "192.0.0.9", "192.0.0.8", "172.31.1.1", "1.2.3.256"),
            *("100.64.0.1", "01.2.3.4", "255.255.255.255", "224.0.0.1", "1.2.3", "@", "."),
            *(" ", ", ", "-", "é", "1", "_"),
        ]
    ),
    max_size=20,
).map("".join)

LISTS = {
    "domains": ["bad.com", "sub.fine.org", "# no.org", " spaced.co.uk ", "", "."],
    "urls": ["http://fine.org/bad"],
    "banned_words.txt": ["# hard", "worst", "Very-Bad", "---"],
    "soft_banned_words.txt": ["soft", "softer", "bad"],
    "banned_subwords.txt": ["x-x", "aab", "fin"],
}
URLS = st.one_of(
    st.sampled_from(["", "http://fine.org/bad", "http://localhost/", "bad.com"]),
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["http://", "HTTPS://", "", "ftp://user:p@"]),
        st.sampled_from(["", "www.", "sub.", "a.b.", "."]),
        st.sampled_from(
            ["bad.com", "Bad.COM", "fine.org", "spaced.co.uk", "co.uk", "x.co.uk.", "10.0.0.1", "z"]
        ),
        st.sampled_from(["", ":80", "/", "?q="]),
        st.lists(
            st.sampled_from(
                [
                    "worst",
                    "Worst",
                    "verybad",
                    "soft",
                    "softer",
                    "x",
                    "xX",
                    "aa",
                    "B",
                    "-",
                    "_",
                    "/",
                    "é",
                ]
            ),
            max_size=12,
        ).map("".join),
    ),
)


@pytest.fixture(scope="module")
def url_filter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    for name, lines in LISTS.items():
        (folder / name).write_text("\n".join(lines))
    return _core.UrlFilter(folder)


@pytest.fixture(scope="module")
def bad_words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ldnoobw")
    for language in ("en", "ja"):
        (folder / language).write_text("\r\n".join(BAD_WORDS), newline="")
    return {language: _core.BadWords(folder, language) for language in ("en", "ja")}


def signals(computer, value):
    """The values of one text or URL, by the names of the twin."""
    batch = pa.record_batch(computer.run(pa.array([value], pa.large_string())))
    (row,) = batch.to_pylist()
    return {name.rpartition(".")[2]: found for name, found in row.items()}


@pytest.mark.parametrize("language", ["en", "ja"])
@given(text=PROSE)
def test_bad_words_are_those_of_the_twin(bad_words, language, text):
    expected = c4_badwords.signals(text, BAD_WORDS, language)
    assert signals(bad_words[language], text) == expected


@given(value=URLS)
def test_url_signals_are_those_of_the_twin(url_filter, value):
    assert signals(url_filter, value) == url.signals(value, LISTS)


@given(text=st.one_of(ADDRESS, ADDRESSES))
def test_personal_data_is_counted_as_the_twin_does(text):
    computed = signals(_core.Pass(families=["datatrove.pii"]), text)
    assert computed == pii.signals(text)


def test_the_twins_have_the_signals_of_their_families():
    found = {f["name"]: [s["name"] for s in f["signals"]] for f in _core.list_families()}
    assert found == {
        "datatrove.c4_badwords": list(c4_badwords.signals("", [])),
        "datatrove.url": list(url.signals(None, LISTS)),
    }


def test_null_stays_null_for_any_string_type(url_filter, bad_words):
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        values = pa.array([None, "http://bad.com", None], kind)
        blocked = pa.record_batch(url_filter.run(values))["datatrove.url.has_blocked_domain"]
        assert blocked.to_pylist() == [None, 1.0, None]
        matches = pa.record_batch(bad_words["en"].run(values))["datatrove.c4_badwords.n_matches"]
        assert matches.to_pylist() == [None, 1.0, None]
    with pytest.raises(SchemaError):
        url_filter.run(pa.array([1]))


def test_missing_lists_say_where_the_original_takes_them_from(tmp_path):
    (tmp_path / "domains").write_text("")
    with pytest.raises(ParameterError, match=r"lacks urls, banned_words\.txt.*datatrove/assets"):
        _core.UrlFilter(tmp_path)
    with pytest.raises(ParameterError, match=r"LDNOOBW.*commit 5faf2ba42d7b"):
        _core.BadWords(tmp_path, "fr")
    with pytest.raises(ParameterError, match=r"datatrove has no list for 'xx'|\"xx\""):
        _core.BadWords(tmp_path, "xx")
