"""Text and Retrieval from files of the official forms: size, memory, odd bytes, and a hub that does not answer."""
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spt_nb.core import SptError
from spt_nb.tasks.batches import Split, collate
from spt_nb.tasks.task import BYTES, decode
from spt_nb.tasks.text import aan, imdb

# Run as a program: load a task twice and report the memory in MB that came on top of the import.
MEMORY = """
import json, re, sys
from spt_nb.tasks import loader
load = loader(sys.argv[1])
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])/1024
start = peak()
task = load(sys.argv[2])
print(json.dumps(dict(start=start, made=peak() - start, rows=len(task.train), fingerprint=task.fingerprint)))
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def measured(name, folder):
    out = subprocess.run([sys.executable, "-c", MEMORY, name, str(folder)], capture_output=True, text=True, check=True).stdout
    return json.loads(out.splitlines()[-1])


def archive(folder, reviews=lambda half, c, i: f"{half} {c} number {i}", n=12):
    "A small aclImdb with everything that lies in the real one."
    for half in ("train", "test"):
        for c in ("neg", "pos"):
            d = folder / half / c
            d.mkdir(parents=True)
            for i in range(n):
                (d / f"{i}_{9 if c == 'pos' else 1}.txt").write_bytes(reviews(half, c, i).encode())
        (folder / half / "labeledBow.feat").write_text("9 0:9")
    (folder / "train/unsup").mkdir()
    (folder / "train/unsup/0_0.txt").write_text("never read \u2603")
    (folder / "README").write_text("Large Movie Review Dataset")
    return folder


def pair(y, a, b, end=b"\n"):
    return b"\t".join([y.encode(), b"P00-1001", b"W01-0002", a.encode(), b.encode()]) + end


def tsv_data(folder, train, valid=None, test=None):
    folder.mkdir(parents=True)
    for name, rows in dict(train=train, eval=valid or train, test=test or train).items():
        (folder / f"new_aan_pairs.{name}.tsv").write_bytes(b"".join(rows))
    return folder


def texts(task, split, column="x"):
    return sorted((r["y"], decode(r[column], task.vocab)) for r in getattr(task, split))


def test_the_archive_reads_the_same_in_every_form(tmp_path):
    for place in ("a/aclImdb", "b/aclImdb_v1/aclImdb"):
        archive(tmp_path / place)
    (tmp_path / "a/aclImdb/test/pos/._3_9.txt").write_bytes(b"\0\5\x16\7\xff")
    (tmp_path / "a/aclImdb/train/pos/11_9.txt").rename(tmp_path / "a/aclImdb/train/pos/11_9.TXT")
    for half in ("train", "test"):
        rows = [(f"{half} {c} number {i}", int(c == "pos")) for c in ("neg", "pos") for i in range(12)]
        t = pa.table({"text": [r[0] for r in rows], "label": pa.array([r[1] for r in rows], pa.int64())})
        for k, at in enumerate((0, 10)):
            (tmp_path / "p/plain_text").mkdir(parents=True, exist_ok=True)
            pq.write_table(t.slice(at, 10 if k == 0 else None), tmp_path / f"p/plain_text/{half}-0000{k}-of-00002.parquet")
    pq.write_table(pa.table({"text": ["never"], "label": [-1]}), tmp_path / "p/plain_text/unsupervised-00000-of-00001.parquet")
    for d in ("a", "a/aclImdb", "b", "p", "p/plain_text"):
        t = imdb(tmp_path / d, min_count=1)
        assert (len(t.train), len(t.valid), len(t.test)) == (22, 2, 24)
        for half, rows in dict(train=texts(t, "train") + texts(t, "valid"), test=texts(t, "test")).items():
            assert sorted(rows) == sorted((int(c == "pos"), f"{half} {c} number {i}") for c in ("neg", "pos") for i in range(12))


def test_long_odd_and_bytewise_reviews(tmp_path):
    def odd(half, c, i):
        return {0: "x" * 9000, 1: "na\u00efve \u20ac\U0001f600 " * 900, 2: 'A "quote,\r\nand a line'}.get(i, f"{c} {i} <br /><br />")
    folder = archive(tmp_path / "aclImdb", odd)
    chars, raw = (imdb(folder, tokens=k, min_count=1, valid="test") for k in ("chars", "bytes"))
    assert raw.vocab == BYTES and raw.vocab_size == 260
    for task in (chars, raw):
        split = Split(task.train)
        assert split.x(0).dtype == np.uint8 and split.lengths.max() == 4096
        assert all(split.x(i)[-1] == 3 for i in range(len(split)))
    assert (0, 'A "quote,\nand a line') in texts(chars, "train") and (1, 'A "quote,\nand a line') in texts(raw, "train")
    assert (0, ("na\u00efve \u20ac\U0001f600 " * 900)[:4095]) in texts(chars, "train")
    assert len(imdb(folder, min_count=20).vocab) < chars.vocab_size


@pytest.mark.parametrize("harm, why", [
    (lambda d: (d / "test/pos").rename(d / "away"), "test/pos holds no texts; needed: *.txt in train/neg, train/pos, test/neg, test/pos"),
    (lambda d: [f.unlink() for f in (d / "train/neg").iterdir()], "train/neg holds no texts; needed: *.txt in train/neg"),
    (lambda d: (d / "test/neg/3_1.txt").write_bytes(b"caf\xe9"), "3_1.txt is not a text in UTF-8 (byte 3)"),
    (lambda d: (d / "train/neg/3_1.txt").write_bytes(b""), "3_1.txt: text is ''; allowed: a review"),
])
def test_a_broken_archive_is_named(tmp_path, harm, why):
    harm(archive(tmp_path / "aclImdb"))
    with pytest.raises(SptError) as e:
        imdb(tmp_path)
    assert why in str(e.value) and "\n" not in str(e.value)
    assert not list((tmp_path / "cache").glob("text-*"))


def test_a_broken_parquet_file_is_named(tmp_path):
    good = pa.table({"text": ["a", "b"], "label": [0, 1]})
    pq.write_table(good, tmp_path / "test.parquet")
    whole = (tmp_path / "test.parquet").read_bytes()
    for data, why in ((whole[:-20], "train.parquet cannot be read as Parquet"), (b"", "train.parquet is empty; allowed: one row or more"),
                      (pa.table({"text": ["a", None], "label": [0, 1]}), "train.parquet, row 2: text is None"),
                      (pa.table({"text": ["a"], "label": [-1]}), "row 1: label is -1; allowed: 0 or neg, 1 or pos"),
                      (pa.table({"review": ["a"]}), "train.parquet has the columns review; needed: text and label")):
        pq.write_table(data, tmp_path / "train.parquet") if isinstance(data, pa.Table) else (tmp_path / "train.parquet").write_bytes(data)
        with pytest.raises(SptError, match=why):
            imdb(tmp_path)


def test_pairs_keep_their_quotes_and_their_order(tmp_path):
    rows = [(i % 2, f'"{i} begins, "quoted" and \'never closed', f"second of {i} " + "w" * (250_000 if i % 20 == 0 else 50)) for i in range(120)]
    train = [pair(f"{y}.0", a, b, (b"\n", b"\r\n")[i % 2]) for i, (y, a, b) in enumerate(rows)]
    folder = tsv_data(tmp_path / "aan", [b"\xef\xbb\xbf", *train, b"\n", b"\r\n"], train[:9], [pair("1.0", "caf\u00e9 \u2603", "")])
    task = aan(tmp_path)
    got = [(r["y"], decode(r["x"], task.vocab), decode(r["x2"], task.vocab)) for r in task.train]
    assert got != sorted(got) and sorted(got) == sorted((y, a, b[:3999]) for y, a, b in rows)
    assert decode(task.test[0]["x"], task.vocab) == "caf\ufffd \ufffd" and task.test[0]["x2"] == [3]
    batch = collate(Split(task.train), range(4))
    assert batch["x"].shape[0] == batch["x2"].shape[0] == 4 and task.length == 4000
    assert aan(folder, n_train=20).fingerprint != task.fingerprint == aan(folder).fingerprint


def test_a_broken_line_is_named(tmp_path):
    good = [pair("0.0", "a", "b")] * 700
    bad = {b"1.0\tP1\tP2\ta text\n": "line 701 has 4 columns", b"7.0\tP1\tP2\ta\tb\n": "line 701: label is '7.0'",
           b"1.0\tP1\tP2\t\xff\xfe\tb\n": "line 701: a text is not UTF-8", pair("1.0", "a", "b")[:9]: "line 701 has 2 columns"}
    for k, (line, why) in enumerate(bad.items()):
        folder = tsv_data(tmp_path / str(k) / "tsv_data", good, good + [line])
        with pytest.raises(SptError, match=rf"new_aan_pairs.eval.tsv, {why}"):
            aan(folder.parent)
    assert [p.name for p in (tmp_path / "cache").iterdir() if not p.name.endswith(".lock")] == []  # no half cache, no spilled texts


@pytest.mark.slow
def test_pairs_are_read_in_little_memory(tmp_path):
    word = "long range arena " * 3500
    rows = [pair(f"{i % 2}.0", f"{i} {word}", f"{word} {i}") for i in range(60)]
    folder = tsv_data(tmp_path / "tsv_data", rows * 30, rows, rows)
    assert sum(f.stat().st_size for f in folder.iterdir()) > 200e6
    first, again = measured("retrieval", folder), measured("retrieval", folder)
    assert first["rows"] == 1800 and first["made"] < 150 and first["start"] + first["made"] < 1000, first
    assert again["made"] < 50 and again["fingerprint"] == first["fingerprint"], again


@pytest.mark.parametrize("load, name, remedy", [(imdb, "text", "stanfordnlp/imdb"), (aan, "retrieval", "OpenNLPLab/lra")])
def test_without_files_or_hub_the_error_says_what_to_put_where(tmp_path, load, name, remedy):
    with pytest.raises(SptError, match=f"cannot be had from the hub as {remedy} .*; put .* into .*downloads/{name}") as e:
        load()
    assert "\n" not in str(e.value)


def test_files_in_the_folder_of_the_task_are_found(tmp_path):
    tsv_data(tmp_path / "cache/downloads/retrieval/lra_release/lra_release/tsv_data", [pair("0", "a", "b"), pair("1", "c", "d")])
    archive(tmp_path / "cache/downloads/text/aclImdb")
    assert aan().vocab[4:] == ("a", "b", "c", "d") and len(imdb().test) == 24
