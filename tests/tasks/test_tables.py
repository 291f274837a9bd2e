"""Labelled texts: which files are read, and what comes back from the nameless file."""
import gzip

import numpy as np
import pytest

from spt_nb.core import SptError
from spt_nb.tasks.task import byte_ids
from spt_nb.tasks.sources import Source
from spt_nb.tasks.tables import Texts, find_halves, labelled

SOURCE = Source("trial", "some files", "https://example.org", "1 kB", "somebody/trial")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", "-").replace("_", ".")).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def names(folder):
    found = find_halves(folder)
    return {half: [f.name for f in files] for half, files in found.items()}


def test_a_form_that_both_halves_have_is_read_alone(tmp_path):
    both = dict(train_csv="text,label\n", test_csv="text,label\n")
    assert names(put(tmp_path / "stray", train_parquet="", **both)) == {"train": ["train.csv"], "test": ["test.csv"]}
    assert names(put(tmp_path / "packed", train_csv_gz=gzip.compress(b""), test_csv_gz=gzip.compress(b""), **both)) == {"train": ["train.csv"], "test": ["test.csv"]}
    assert names(put(tmp_path / "mixed", train_parquet="", test_csv="")) == {"train": ["train.parquet"], "test": ["test.csv"]}


def test_parts_are_read_in_order(tmp_path):
    files = put(tmp_path, train__00001__of__00002_parquet="", train__00000__of__00002_parquet="", test__0_parquet="", train__old_parquet="")
    assert names(files) == {"train": ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"], "test": ["test-0.parquet"]}


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "csv.gz"])
def test_every_form_gives_the_same_rows(tmp_path, suffix):
    sep = "\t" if suffix == "tsv" else ","
    text = f'text{sep}label\n"a{sep} ""b"""{sep}1.0\nc{sep}x\n' if "sv" in suffix else None
    if suffix == "jsonl":
        text = '{"text": "a, \\"b\\"", "label": "1.0"}\n{"text": "c", "label": "x"}\n'
    path = tmp_path / f"train.{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    rows = list(labelled({"train": [path]}, "train", SOURCE, ("text",)))
    assert [row[1:] for row in rows] == [(f'a{sep if "sv" in suffix else ","} "b"', "1.0"), ("c", "x")]
    assert str(rows[1][0]) == f"{path}, row 2"


def test_texts_come_back_in_any_order_and_leave_no_file(tmp_path):
    rng = np.random.default_rng(0)
    pairs = [(int(i % 2), "é" * rng.integers(0, 5) + str(i), "☃" * (i % 3)) for i in range(1203)]
    texts, order = Texts(pairs, "nothing"), rng.permutation(1203)
    tables = list(texts.tables(order, lambda t: byte_ids(t, 99)))
    assert [len(t) for t in tables] == [500, 500, 203]
    for column, k in (("x", 1), ("x2", 2)):
        got = [bytes(np.array(x[:-1], np.uint8) - 4).decode() for t in tables for x in t[column].to_pylist()]
        assert got == [pairs[i][k] for i in order]
    assert [y for t in tables for y in t["y"].to_pylist()] == [pairs[i][0] for i in order]
    assert texts.counts(order)[ord("☃")] == sum(len(b) for _, _, b in pairs)
    assert not list((tmp_path / "cache").iterdir())


def test_no_rows_and_half_a_download_are_named(tmp_path):
    with pytest.raises(SptError, match="the train half of trial holds no rows; allowed: one or more"):
        Texts([], "the train half of trial holds no rows")
    with pytest.raises(SptError, match="holds no train data; needed: train/CLASS/.*txt, or train as .parquet, .csv"):
        find_halves(put(tmp_path / "half", test_csv=""))
