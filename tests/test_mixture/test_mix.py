"""Mixtures from end to end: copies, shares, order, and the same bytes however it is run."""

import hashlib
import re
import struct
from collections import Counter

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import refinery as rf
from conftest import write_file
from refinery import _core
from refinery.cli.app import app
from refinery.errors import ConfigError, DataError, PlanMismatchError, SchemaError
from refinery.manifest import find_damage, read_manifest
from refinery.mixture.config import parse_mixture
from refinery.mixture.mix import execute
from refinery.mixture.shards import ShardWriter
from refinery.tree import OutputTree
from refinery.verify import verify


def documents(name, n):
    """Texts of different lengths that tell their id."""
    return [
        {
            "id": f"{name}-{i}",
            "text": f"{name} {i} " + "some words " * (i * 7 % 40),
            "synthetic": i % 2 == 0,
            "domain": ("law", "code", "prose")[i % 3],
        }
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, n in (("web", 900), ("books", 300), ("wiki", 101)):
        write_file(folder / f"{name}.parquet", documents(name, n), rows_per_part=64)
    return folder


WEB = "{name: web, path: web.parquet, id: id, share: 60%}"
BOOKS = "{name: books, path: books.parquet, id: id, share: 0.2}"
WIKI = "{name: wiki, path: wiki.parquet, id: id, epochs: 2.5}"


def mixed(raw, out, *sources, output="", more="", **changed):
    text = f"sources: [{', '.join(sources)}]\noutput: {{path: {out}{output}}}\nseed: 5\n{more}"
    return execute(parse_mixture(text, folder=raw), **changed)


def read(out):
    return pl.read_parquet(sorted(out.glob("*.parquet")))


def digests(out):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.glob("part-*"))}


@pytest.fixture(scope="module")
def mixture(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("mixture") / "mixed"
    return mixed(raw, out, WEB, BOOKS, WIKI, output=", shard_bytes: 60kB")


def test_copies_are_the_asked_epochs(mixture):
    wiki = read(mixture.out).filter(pl.col("source") == "wiki")
    copies = Counter(wiki["id"].value_counts()["count"].to_list())
    assert set(copies) == {2, 3}
    assert abs(len(wiki) - 2.5 * 101) <= 1
    assert wiki["epoch"].value_counts().sort("epoch")["count"].to_list()[:2] == [101, 101]


def test_shares_are_met_and_told(mixture):
    told = mixture.manifest["mixture"]
    frame = read(mixture.out)
    counts = np.array(
        [
            len(t)
            for t in pa.array(
                _core.Tokenizer.embedded("cl100k_base").encode(frame["text"].to_arrow())
            )
        ]
    )
    assert int(counts.sum()) == told["tokens"]
    for source in told["sources"]:
        found = counts[(frame["source"] == source["name"]).to_numpy()].sum()
        assert found == source["tokens"]
        if source["share_asked"]:
            assert source["share"] == pytest.approx(source["share_asked"], abs=0.005)
    assert told["unique_tokens"] < told["tokens"]
    assert verify(mixture.out)["mixture"] == told


def test_every_stretch_has_the_asked_shares(mixture):
    frame = read(mixture.out).with_columns(tenth=pl.int_range(pl.len()) * 10 // pl.len())
    part = frame.group_by("tenth").agg(web=(pl.col("source") == "web").mean())["web"]
    assert part.min() > 0.5 * part.max()


def test_each_epoch_has_an_order_of_its_own(mixture):
    wiki = read(mixture.out).filter(pl.col("source") == "wiki")
    orders = [wiki.filter(pl.col("epoch") == e)["id"].to_list() for e in (0, 1)]
    assert set(orders[0]) == set(orders[1])
    where = {key: i for i, key in enumerate(orders[0])}
    rank = np.corrcoef([where[key] for key in orders[1]], range(101))[0, 1]
    assert abs(rank) < 0.35  # 3.5 standard errors of no correlation
    source_order = [int(key.split("-")[1]) for key in orders[0]]
    assert abs(np.corrcoef(source_order, range(101))[0, 1]) < 0.35
    assert wiki["epoch"].is_sorted()


@pytest.mark.parametrize(
    "resources", ["threads: 1", "threads: 3, memory: 1MB"], ids=["one thread", "little memory"]
)
def test_the_same_bytes_for_any_threads_and_memory(raw, mixture, tmp_path, resources):
    again = mixed(
        raw, tmp_path / "o", WEB, BOOKS, WIKI, output=", shard_bytes: 60kB",
        more=f"resources: {{{resources}}}",
    )  # fmt: skip
    assert digests(again.out) == digests(mixture.out)
    assert again.manifest == mixture.manifest


def test_small_buckets_give_the_same_bytes(raw, mixture, tmp_path, monkeypatch):
    monkeypatch.setattr("refinery.mixture.mix._LEAST_BYTES", 3000)
    again = mixed(
        raw, tmp_path / "o", WEB, BOOKS, WIKI, output=", shard_bytes: 60kB",
        more="resources: {threads: 2, memory: 1kB}",
    )  # fmt: skip
    assert digests(again.out) == digests(mixture.out)


def test_another_seed_is_another_order(raw, mixture, tmp_path):
    other = mixed(raw, tmp_path / "o", WEB, BOOKS, WIKI, more="").out
    text = f"sources: [{WEB}, {BOOKS}, {WIKI}]\noutput: {{path: {tmp_path / 'p'}}}\nseed: 6\n"
    different = execute(parse_mixture(text, folder=raw)).out
    assert read(other)["id"].to_list() != read(different)["id"].to_list()
    # Shards cut the same order in other places.
    assert read(other)["id"].to_list() == read(mixture.out)["id"].to_list()


def test_again_nothing_is_done_and_another_plan_is_refused(raw, tmp_path):
    out = tmp_path / "o"
    assert not mixed(raw, out, WIKI).is_unchanged
    assert mixed(raw, out, WIKI).is_unchanged
    with pytest.raises(PlanMismatchError, match="epochs"):
        mixed(raw, out, WIKI.replace("2.5", "2"))
    assert not mixed(raw, out, WIKI.replace("2.5", "2"), replace_other=True).is_unchanged
    assert len(read(out)) == 202


def test_a_damaged_shard_is_found_and_made_again(raw, tmp_path):
    out = tmp_path / "o"
    before = digests(mixed(raw, out, WIKI).out)
    (out / "part-00000.parquet").write_bytes(b"no parquet")
    tree = OutputTree(out)
    assert list(find_damage(tree, read_manifest(tree))) == ["part-00000.parquet"]
    assert not mixed(raw, out, WIKI).is_unchanged
    assert digests(out) == before


def test_a_stopped_mixture_goes_on_to_the_same_bytes(raw, mixture, tmp_path, monkeypatch):
    asked = {"output": ", shard_bytes: 60kB", "more": "resources: {threads: 1}"}
    written = []

    write = ShardWriter._write

    def stop_in_the_middle(self, shard, paths):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(shard)
        return write(self, shard, paths)

    with monkeypatch.context() as patched:
        patched.setattr(ShardWriter, "_write", stop_in_the_middle)
        with pytest.raises(KeyboardInterrupt):
            mixed(raw, tmp_path / "o", WEB, BOOKS, WIKI, **asked)
    assert not list((tmp_path / "o").glob("part-*"))
    monkeypatch.setattr("refinery.mixture.count.Counter._write", None)
    monkeypatch.setattr("refinery.mixture.shuffle.Dealer._write", None)
    done = mixed(raw, tmp_path / "o", WEB, BOOKS, WIKI, **asked)
    assert digests(done.out) == digests(mixture.out)


def test_where_makes_quotas_of_one_file(raw, tmp_path):
    law = "{name: law, path: web.parquet, id: id, where: {domain: law}, share: 0.7}"
    rest = "{name: rest, path: web.parquet, id: id, where: {domain: [code, prose]}, share: 0.3}"
    done = mixed(raw, tmp_path / "o", law, rest, output=", columns: [domain]")
    frame = read(done.out)
    assert set(frame.filter(pl.col("source") == "law")["domain"]) == {"law"}
    assert set(frame.filter(pl.col("source") == "rest")["domain"]) == {"code", "prose"}
    assert [s["share"] for s in done.manifest["mixture"]["sources"]] == pytest.approx(
        [0.7, 0.3], abs=0.005
    )


def test_a_cap_bounds_its_documents(raw, tmp_path):
    done = mixed(raw, tmp_path / "o", WEB.replace("60%", "1.0"), output=", columns: [synthetic]",
                 more="caps: [{column: synthetic, max_share: 10%}]")  # fmt: skip
    (cap,) = done.manifest["mixture"]["caps"]
    assert cap["share"] == pytest.approx(0.1, abs=0.005)
    assert 0 < read(done.out)["synthetic"].sum() < 100


def test_a_column_of_copies_is_honoured(tmp_path):
    rows = [{"id": str(i), "text": f"text {i}", "copies": i % 4} for i in range(40)]
    write_file(tmp_path / "a.parquet", rows)
    source = "{name: a, path: a.parquet, id: id, epochs: 2}"
    frame = read(mixed(tmp_path, tmp_path / "o", source).out)
    found = dict(frame["id"].value_counts().iter_rows())
    assert found == {str(i): 2 * (i % 4) for i in range(40) if i % 4}
    ignored = source.replace("epochs: 2", "epochs: 2, copies: null")
    assert len(read(mixed(tmp_path, tmp_path / "p", ignored).out)) == 80
    write_file(tmp_path / "a.parquet", [row | {"copies": -1} for row in rows])
    with pytest.raises(SchemaError, match="0 to 10000, found -1"):
        mixed(tmp_path, tmp_path / "q", source)


def test_a_finished_run_is_a_source_and_an_unfinished_one_is_refused(raw, tmp_path):
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(f"input: {{path: {raw / 'wiki.parquet'}, id: id}}\noutput: {{path: run}}\n")
    run = rf.run(pipeline)
    source = f"{{name: run, path: {run.path}, id: id, epochs: 1}}"
    done = mixed(raw, tmp_path / "o", source)
    assert done.manifest["mixture"]["sources"][0]["run"] == run.manifest["sha256"]
    assert set(read(done.out)["id"]) == {f"wiki-{i}" for i in range(101)}
    (run.path / "_refinery/manifest.json").unlink()
    with pytest.raises(ConfigError, match="no complete run stands here"):
        mixed(raw, tmp_path / "p", source)


def test_a_mixture_goes_neither_over_a_run_nor_into_itself(raw, tmp_path):
    (tmp_path / "o/_refinery/annotations").mkdir(parents=True)
    (tmp_path / "o/_refinery/annotations/a.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match="holds a run of refinery"):
        mixed(raw, tmp_path / "o", WIKI, replace_other=True)
    write_file(tmp_path / "in/a.parquet", documents("a", 3))
    source = "{name: a, path: in, id: id, epochs: 1}"
    with pytest.raises(ConfigError, match="a mixture cannot be a source of itself"):
        mixed(tmp_path, tmp_path / "in", source)


def test_null_texts_are_counted_not_swallowed(tmp_path):
    write_file(tmp_path / "a.parquet", [{"id": "1", "text": "one"}, {"id": "2", "text": None}])
    done = mixed(tmp_path, tmp_path / "o", "{name: a, path: a.parquet, id: id, epochs: 1}")
    assert done.manifest["mixture"]["sources"][0]["no_documents"] == {"null_text": 1}
    assert read(done.out)["id"].to_list() == ["1"]


def read_megatron(prefix):
    """Documents of `.bin` and `.idx`, by the format's description: nothing of ours is used."""
    index = prefix.with_suffix(".idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, n_sequences, n_documents = struct.unpack_from("<QBQQ", index, 9)
    assert version == 1
    kind = {4: np.int32, 8: np.uint16}[code]
    at = 9 + struct.calcsize("<QBQQ")
    lengths = np.frombuffer(index, np.int32, n_sequences, at)
    first = np.frombuffer(index, np.int64, n_sequences, at + 4 * n_sequences)
    begins = np.frombuffer(index, np.int64, n_documents, at + 12 * n_sequences)
    assert at + 12 * n_sequences + 8 * n_documents == len(index)
    ids = np.memmap(prefix.with_suffix(".bin"), dtype=kind, mode="r")
    assert begins.tolist() == list(range(n_sequences + 1))
    sequences = [ids[b // ids.itemsize :][:n].tolist() for b, n in zip(first, lengths, strict=True)]
    assert sum(map(len, sequences)) == len(ids)
    return sequences, kind


def test_megatron_files_hold_the_documents_in_order(raw, mixture, tmp_path):
    done = mixed(raw, tmp_path / "o", WEB, BOOKS, WIKI,
                 output=", shard_bytes: 60kB, format: megatron, end_of_document: <|endoftext|>")  # fmt: skip
    tokenizer = _core.Tokenizer.embedded("cl100k_base")
    texts = read(mixture.out)["text"].to_arrow()
    expected = [[*ids, 100257] for ids in pa.array(tokenizer.encode(texts)).to_pylist()]
    found = []
    for path in sorted(done.out.glob("*.idx")):
        sequences, kind = read_megatron(path.with_suffix(""))
        assert kind is np.int32
        found += sequences
    assert found == expected
    told = done.manifest["mixture"]
    assert told["tokens_written"] == told["tokens"] + len(expected) == sum(map(len, expected))
    assert verify(done.out)


def word_tokenizer(path, words, special):
    import tokenizers

    vocabulary = {word: i for i, word in enumerate([*special, *words])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token=special[0]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(path))


def test_flat_tokens_of_a_small_vocabulary_are_uint16(tmp_path):
    pytest.importorskip("tokenizers")
    word_tokenizer(tmp_path / "tokenizer.json", ["one", "two", "three"], ["<unk>", "<eos>"])
    write_file(tmp_path / "a.parquet", [{"id": str(i), "text": "one two three"} for i in range(9)])
    source = "{name: a, path: a.parquet, id: id, epochs: 1}"
    asked = {
        "output": ", format: numpy, end_of_document: <eos>",
        "more": "tokenizer: tokenizer.json",
    }
    done = mixed(tmp_path, tmp_path / "o", source, **asked)
    ids = np.memmap(done.out / "part-00000.bin", dtype=np.uint16, mode="r")
    assert ids.tolist() == [2, 3, 4, 1] * 9
    assert done.manifest["mixture"]["type"] == "uint16"
    mega = {**asked, "output": asked["output"].replace("numpy", "megatron")}
    sequences, kind = read_megatron(
        mixed(tmp_path, tmp_path / "p", source, **mega).out / "part-00000"
    )
    assert (sequences, kind) == ([[2, 3, 4, 1]] * 9, np.uint16)


def test_hugging_face_datasets_reads_the_shards(mixture, tmp_path):
    datasets = pytest.importorskip("datasets")
    files = [str(p) for p in sorted(mixture.out.glob("*.parquet"))]
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))["train"]
    assert loaded["id"][:] == read(mixture.out)["id"].to_list()


BROKEN = {
    "no wish": ("{name: a, path: wiki.parquet}", "", "", "give share, epochs or both"),
    "names": (f"{WIKI}, {WIKI}", "", "", "'wiki' names sources[0] already"),
    "sum": ("{name: a, path: wiki.parquet, share: 0.5}", "", "", "the shares add up to 0.5"),
    "twice": (WIKI, "", "tokens: 1M", "given more than once: by epochs without a share (wiki) and by tokens"),
    "per cent": ("{name: a, path: wiki.parquet, share: 60}", "", "", "did you mean 60%?"),
    "path": ("{name: a, path: absent.parquet, epochs: 1}", "", "", "'absent.parquet' matches no file"),
    "id": ("{name: a, path: wiki.parquet, id: idd, epochs: 1}", "", "", "no column 'idd'; did you mean id?"),
    "where": ("{name: a, path: wiki.parquet, where: {domian: x}, epochs: 1}", "", "", "no column 'domian'; did you mean domain?"),
    "cap": (WIKI, "", "caps: [{column: synthtic, max_share: 0.1}]", "no source has a column 'synthtic'; did you mean synthetic?"),
    "no end": (WIKI, ", format: numpy", "", "needs the token behind each document"),
    "end": (WIKI, ", format: numpy, end_of_document: <|endoftxt|>", "", "did you mean <|endoftext|>?"),
    "end of text": (WIKI, ", end_of_document: <|endoftext|>", "", "format: parquet holds text"),
    "tokenizer": (WIKI, "", "tokenizer: cl100k", "no tokenizer 'cl100k'; did you mean cl100k_base?"),
    "key": (WIKI, ", shard_byte: 3", "", "no such key; did you mean shard_bytes?"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_told_before_anything_is_read(raw, tmp_path, name):
    sources, output, more, message = BROKEN[name]
    with pytest.raises(ConfigError) as error:
        mixed(raw, tmp_path / "o", sources, output=output, more=more)
    assert message in str(error.value)
    assert not (tmp_path / "o").exists()


def test_a_share_of_nothing_is_an_error_of_the_data(raw, tmp_path):
    source = "{name: none, path: wiki.parquet, id: id, where: {domain: maths}, epochs: 1}"
    with pytest.raises(DataError, match="source none: no document with a token"):
        mixed(raw, tmp_path / "o", source)
    only = "{name: syn, path: wiki.parquet, id: id, where: {synthetic: true}, share: 1.0}"
    with pytest.raises(DataError, match="nothing is left of it under the caps"):
        mixed(raw, tmp_path / "o", only, more="caps: [{column: synthetic, max_share: 0.2}]")


def test_the_command_prints_what_was_mixed(raw, tmp_path):
    file = raw / "mix.yaml"
    file.write_text(f"sources: [{WIKI}]\noutput: {{path: {tmp_path / 'o'}}}\n")
    said = CliRunner().invoke(app, ["mix", str(file)]).output
    assert re.search(r"wiki +2\.5 epochs +100\.0% +2\.", said)
    assert "1 files in" in said
    assert "intact; 1 files, 25" in CliRunner().invoke(app, ["verify", str(tmp_path / "o")]).output
