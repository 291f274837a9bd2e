"""What may be wrong with a user's data: each case is refused with one line that names the file, row or option and says what is allowed."""
import gzip
import json
import struct
import wave

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict
from PIL import Image

from spt_nb.core import SptError
from spt_nb.tasks.own.load import load

TEXTS = "text,label\n" + "".join(f"row {i},{'ab'[i % 2]}\n" for i in range(20))


def put(path, data):
    "A file of text or bytes, with its folders."
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def csv(d, text=TEXTS): return put(d/"d.csv", text)


def jsonl(d, xs, ys=None): return put(d/"d.jsonl", "\n".join(json.dumps(dict(x=x, y=y)) for x, y in zip(xs, ys or ["a", "b"]*len(xs))))


def lists(d, odd, n=20): return jsonl(d, [[1.0, 2.0, 3.0]]*5 + [odd] + [[1.0, 2.0, 3.0]]*n)


def parquet(d, **columns):
    pq.write_table(pa.table(columns), d/"d.parquet")
    return d/"d.parquet"


def image(path, size=(6, 5), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 7).save(path)


def images(d, odd=None, names=None):
    for i in range(6): image(d/f"{'ab'[i % 2]}/{i}.png")
    if odd: odd(d/"b")
    return d


def sound(path, n=50, rate=8000, channels=1, width=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as w:
        w.setnchannels(channels), w.setsampwidth(width), w.setframerate(rate), w.writeframes(b"\1\0"*n*channels*width)


def sounds(d, **odd):
    for i in range(6): sound(d/f"{'ab'[i % 2]}/{i}.wav")
    sound(d/"b/9.wav", **odd)
    return d


def arrays(d, odd):
    for i in range(6): (d/"ab"[i % 2]).mkdir(exist_ok=True), np.save(d/"ab"[i % 2]/f"{i}.npy", np.arange(4.0) + i)
    np.save(d/"b/9.npy", odd, allow_pickle=True)
    return d


def tabled(d, text):
    for n in "ab": image(d/f"{n}.png")
    put(d/"labels.csv", text)
    return d


def pickled(d):
    put(d/"d.pkl", b"x")
    return d/"d.pkl"


def shape(y): return dict(x=[[1.0, 2.0]]*len(y), y=y)


ROWS = Dataset.from_dict(dict(text=["a", "b"]*5, label=[0, 1]*5))
CASES = {
    "missing path": (lambda d: d/"no.csv", {}, "no.csv', which does not exist"),
    "nothing given": (lambda d: None, {}, "data is missing; allowed: a file, a folder"),
    "unsupported object": (lambda d: {"x": [1]}, {}, "data is a dict; allowed: a path, a datasets.Dataset or a DatasetDict"),
    "unknown extension": (pickled, {}, "data is 'd.pkl'; allowed: .parquet, .csv"),
    "empty file": (lambda d: csv(d, ""), {}, "d.csv is empty"),
    "only a header": (lambda d: csv(d, "text,label\n"), {}, "d.csv has no rows"),
    "no header": (lambda d: csv(d, "1,2,3\n4,5,6\n"), {}, "d.csv begins with the numbers '1,2,3'; allowed: a first line of column names"),
    "broken parquet": (lambda d: put(d/"d.parquet", b"PAR1xxxxPAR1"), {}, "d.parquet cannot be read as Parquet"),
    "broken gzip": (lambda d: put(d/"d.csv.gz", gzip.compress(TEXTS.encode())[:60]), {}, "d.csv.gz cannot be read as CSV"),
    "broken JSON": (lambda d: put(d/"d.jsonl", '{"x": [1], "y": 0}\n{"x": [1'), {}, "d.jsonl, line 2 is not JSON"),
    "ragged CSV": (lambda d: csv(d, TEXTS + "x,a,b\n"), {}, "d.csv, row 21 has 3 fields; allowed: 2"),
    "not UTF-8": (lambda d: csv(d, TEXTS.encode() + b"caf\xe9,a\n"), {}, "d.csv, line 22 is not UTF-8"),
    "column twice": (lambda d: csv(d, "a,a\n1,2\n"), {}, "d.csv has two columns 'a'"),
    "empty folder": (lambda d: d, {}, "holds no data; allowed: tables"),
    "folder of several tables": (lambda d: put(d/"a.csv", TEXTS) and put(d/"b.csv", TEXTS) and d, {}, "holds several tables (a.csv, b.csv); allowed: one"),
    "folder without train": (lambda d: put(d/"test.csv", TEXTS) and d, {}, "holds test.csv; allowed: a table train"),
    "splits with other columns": (lambda d: put(d/"train.csv", TEXTS) and put(d/"test.csv", "words,label\nx,a\n") and d, {}, "column is 'text', which test.csv does not have; allowed: words, label"),
    "no label column": (lambda d: csv(d, "text,mood,note\na,1,x\nb,2,y\n"), {}, "d.csv has no column named label; choose one with y=..., of: text, mood, note"),
    "nothing but text": (lambda d: csv(d, "text\na\nb\n"), {}, "d.csv has no column named label; choose one with y=..., of: text"),
    "two label columns": (lambda d: csv(d, "text,label,y\na,b,c\n"), {}, "several columns that may be the label (label, y)"),
    "ambiguous input": (lambda d: csv(d, "title,body,label\na,b,c\nd,e,f\n"), {}, "several columns that may be the input; choose with x=..., of: 'title' (text), 'body' (text)"),
    "no such column": (lambda d: csv(d), dict(x="txt"), "x is 'txt', which d.csv does not have; allowed: text, label (did you mean text?)"),
    "no such label": (lambda d: csv(d), dict(y="class"), "y is 'class', which d.csv does not have"),
    "x equal y": (lambda d: csv(d), dict(x="label", y="label"), "'label' is used twice; allowed: different columns"),
    "x2 equal x": (lambda d: csv(d), dict(x="text", x2="text"), "'text' is used twice"),
    "one number a row": (lambda d: csv(d, "a,label\n1,x\n2,y\n"), dict(x="a"), "column 'a' of d.csv holds one number for each row, which is no sequence"),
    "one class only": (lambda d: csv(d, "text,label\na,x\nb,x\n"), {}, "holds one class only (x); allowed: two or more"),
    "a class of one row": (lambda d: csv(d, TEXTS + "one,c\n"), dict(valid=.2), "class 'c' has 1 row; allowed: 3 or more, one for each of train, valid, test"),
    "label missing": (lambda d: csv(d, TEXTS + "x,\n"), {}, "d.csv, row 21 has no label; allowed: none (mend it, or say drop_missing=True)"),
    "labels missing": (lambda d: csv(d, TEXTS + "x,\ny,\n"), {}, "row 21 has no label; 2 of 22 rows have such faults"),
    "no label at all": (lambda d: jsonl(d, [[1]]*3, [None]*3), {}, "holds no label at all"),
    "labels of two types": (lambda d: DatasetDict(train=ROWS, test=ROWS.cast_column("label", __import__("datasets").Value("string"))), {}, "labels are text in one split and numbers in another"),
    "label is a list": (lambda d: jsonl(d, [[1]]*4, [[1], [2]]*2), {}, "column 'y' of d.jsonl holds lists of labels; allowed: one label for each row"),
    "steps of different width": (lambda d: jsonl(d, [[[1, 2], [3, 4]], [[1, 2], [3]]]*5), {}, "d.jsonl, row 2 has a step of 1 numbers; allowed: 2"),
    "channels of different length": (lambda d: parquet(d, a=[[1, 2]]*4, b=[[1, 2]]*3 + [[1]], label=[0, 1]*2), dict(x="a,b"), "d.parquet, row 4 has 2 and 1 steps in two channels"),
    "nested too deep": (lambda d: jsonl(d, [[[[1]]]]*4), dict(x="x"), "nested too deep"),
    "NaN": (lambda d: lists(d, [1.0, float("nan")]), {}, "d.jsonl, row 6 has a missing value in its sequence"),
    "null in a list": (lambda d: lists(d, [None, 2.0]), {}, "d.jsonl, row 6 has a missing value in its sequence"),
    "infinite": (lambda d: lists(d, [1.0, float("inf")]), {}, "d.jsonl, row 6 has an infinite value"),
    "too large for float32": (lambda d: lists(d, [1.0, 1e300]), {}, "d.jsonl, row 6 has an infinite value"),
    "empty sequence": (lambda d: lists(d, []), {}, "d.jsonl, row 6 has an empty sequence"),
    "no sequence": (lambda d: lists(d, None), {}, "d.jsonl, row 6 has an empty sequence"),
    "empty text": (lambda d: csv(d, TEXTS + ",a\n"), {}, "d.csv, row 21 has an empty sequence"),
    "mixed types in a list": (lambda d: lists(d, [1.0, "a"]), {}, "mixes lists of numbers and, in row 6, lists of numbers and text"),
    "mixed types in a column": (lambda d: jsonl(d, ["a", 3]*4), {}, "column 'x' of d.jsonl mixes text and, in row 2, numbers ('3')"),
    "a word among numbers": (lambda d: csv(d, "s0,s1,label\n" + "1,2,a\n3,4,b\n"*5 + "1,x,a\n"), {}, "d.csv, row 11, column 's1' is 'x'; allowed: a number"),
    "a hole in a row of numbers": (lambda d: csv(d, "s0,s1,label\n" + "1,2,a\n3,4,b\n"*5 + "1,,a\n"), {}, "d.csv, row 11 has a missing value in its sequence"),
    "ids below 0": (lambda d: jsonl(d, [[1, -2]]*6), dict(tokens="ids"), "ids of d.jsonl lie between -2 and 1; allowed: 0 to"),
    "ids with fractions": (lambda d: jsonl(d, [[1.5]]*6), dict(tokens="ids"), "holds fractions; allowed: whole numbers"),
    "ids of text": (lambda d: csv(d), dict(tokens="ids"), "tokens of column 'text' (text) is 'ids'; allowed: bytes, words"),
    "regression on text": (lambda d: csv(d), dict(kind="regression"), "kind is 'regression', but column 'label' of d.csv holds text ('a'); allowed: numbers"),
    "classes of fractions": (lambda d: jsonl(d, [[1]]*4, [.5, 1.5]*2), dict(kind="classification"), "column 'y' of d.jsonl holds 0.5; allowed: whole numbers or text"),
    "unknown kind": (lambda d: csv(d), dict(kind="ranking"), "kind is 'ranking'; allowed: classification, regression"),
    "constant targets": (lambda d: jsonl(d, [[1]]*4, [.5]*4), {}, "all targets in column 'y' of d.jsonl are 0.5"),
    "regression of pairs": (lambda d: parquet(d, a=["x"]*9, b=["z"]*9, y=[i + .5 for i in range(9)]), dict(x="a", x2="b", valid=.2), "x2 makes pairs, whose label is a class"),
    "pair of two kinds": (lambda d: parquet(d, a=["x"]*4, b=[[1]]*4, y=[0, 1]*2), dict(x="a", x2="b"), "x is read as bytes and x2 as values; allowed: two columns of one kind"),
    "too long": (lambda d: parquet(d, x=[np.zeros(70_000)]*4, y=[0, 1]*2), {}, "has a sequence of 70000 steps; allowed: 65536, unless length says where to cut"),
    "length 0": (lambda d: csv(d), dict(length=0), "length is 0; allowed: a whole number, 1 or more"),
    "share of 1.5": (lambda d: csv(d), dict(valid=1.5), "valid is 1.5; allowed: a share greater than 0 and less than 1"),
    "shares of all": (lambda d: csv(d), dict(valid=.5, test=.5), "valid is 0.5 and test is 0.5; allowed: less than 1 together"),
    "share below a row a class": (lambda d: csv(d), dict(valid=.01), "valid is 0.01, which of 20 rows is fewer than one row for each of 2 classes; allowed: 0.1"),
    "n_train 0": (lambda d: csv(d), dict(n_train=0), "n_train is 0"),
    "seed of text": (lambda d: csv(d), dict(seed="a"), "seed is 'a'; allowed: a whole number"),
    "scaling of tokens": (lambda d: csv(d), dict(x_norm="train"), "x_norm is 'train'; allowed: None, as tokens are not scaled"),
    "pixels of no bytes": (lambda d: lists(d, [.5]), dict(x_norm="pixels"), "x_norm is 'pixels'; allowed: train or none"),
    "Dataset without rows": (lambda d: ROWS.select([]), {}, "data has no rows"),
    "DatasetDict without train": (lambda d: DatasetDict(test=ROWS), {}, "data has the splits test; allowed: train"),
    "broken saved dataset": (lambda d: put(d/"s/state.json", "{}") and put(d/"s/dataset_info.json", "{") and d/"s", {}, "s cannot be read as a saved dataset"),
    "folders that look like splits": (lambda d: [image(d/s/c/f"{i}.png") for s in ("train_images", "Test Set") for c in "ab" for i in range(6)] and d, {}, "look like splits (Test Set, train_images); allowed: train, valid and test"),
    "a folder test alone": (lambda d: images(d/"test") and d, {}, "look like splits (test); allowed: train"),
    "a line for Excel": (lambda d: csv(d, "sep=;\ntext;label\na;b\n"), {}, "d.csv is a table after a line for Excel; allowed: CSV"),
    "two columns without names": (lambda d: csv(d, ",,text,label\n0,1,a,b\n"), {}, "d.csv has two columns 'without a name'; allowed: different names"),
    "JSON of splits": (lambda d: put(d/"d.json", json.dumps(dict(train=[dict(text="a", label=i % 2) for i in range(9)], test=[dict(text="a", label=1)]))), {}, "d.json is one object of train, test; allowed: rows, a file for each split"),
    "images of two sizes": (lambda d: images(d, lambda b: image(b/"9.png", (7, 5))), {}, "b/9.png has a size of (7, 5), but a/0.png has (6, 5); allowed: one for all, or an option size"),
    "broken image": (lambda d: images(d, lambda b: put(b/"9.png", b"\x89PNG\r\n")), {}, "b/9.png is no image that can be read"),
    "truncated image": (lambda d: images(d, lambda b: put(b/"9.png", (b/"1.png").read_bytes()[:-25])), {}, "b/9.png is no image that can be read"),
    "image of floats among bytes": (lambda d: images(d, lambda b: image(b/"9.tiff", mode="F")), {}, "b/9.tiff has pixels of 32 bits, but a/0.png has 8 or 16 bits"),
    "size of text": (lambda d: csv(d), dict(size=8), "size is [8, 8]; allowed: None, as d.csv holds no images"),
    "rate of images": (lambda d: images(d), dict(resample=8000), "resample is 8000; allowed: None, as data holds no sounds"),
    "no file": (lambda d: "/dev/null", {}, "data is '/dev/null', which does not exist"),
    "name too long": (lambda d: d/("x"*256), {}, "which does not exist; allowed: a file or a folder"),
    "rate of 0 in a file": (lambda d: put(sounds(d)/"b/0.wav", struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 40, b"WAVE", b"fmt ", 16, 1, 1, 0, 0, 2, 16, b"data", 0)) and d, {}, "b/0.wav has 1 channels at 0 Hz; allowed: 1 or more"),
    "size of 0": (lambda d: images(d), dict(size=0), "size is 0; allowed: a whole number, 1 to"),
    "folder without labels": (lambda d: images(d, lambda b: image(b.parent/"9.png")), {}, "9.png has no label; allowed: a folder for each class, or a table labels.csv"),
    "x of a folder": (lambda d: images(d), dict(x="file"), "x is 'file'; allowed: None, as"),
    "images and sounds": (lambda d: images(d, lambda b: sound(b/"9.wav")), {}, "holds 6 image files and 1 sound files; allowed: files of one kind"),
    "split and class folders": (lambda d: images(d, lambda b: image(b.parent/"train/a/1.png")), {}, "a/0.png lies in no split"),
    "stereo among mono": (lambda d: sounds(d, channels=2), dict(channel="all"), "b/9.wav has channels: 2, but a/0.wav has 1"),
    "no such channel": (lambda d: sounds(d, channels=2), dict(channel=1), "channel is 1, but a/0.wav has 1; allowed: 0"),
    "unknown channel": (lambda d: sounds(d), dict(channel="left"), "channel is 'left'; allowed: mean, all, or the number"),
    "rate of 0": (lambda d: sounds(d), dict(resample=0), "resample is 0; allowed: a whole number, 100 to"),
    "sound cut short": (lambda d: put(d/"b/9.wav", (sounds(d)/"a/0.wav").read_bytes()[:80]) and d, {}, "b/9.wav is cut short: 18 of 100 samples"),
    "sound that needs a package": (lambda d: put(sounds(d)/"b/9.flac", b"fLaC") and d, {}, "b/9.flac is no "),
    "one file in two folders": (lambda d: images(d, lambda b: (b/"9.png").hardlink_to(b.parent/"a/0.png")), {}, "a/0.png and b/9.png are the same file"),
    "link to nothing": (lambda d: images(d, lambda b: (b/"9.png").symlink_to("gone.png")), {}, "9.png cannot be read: No such file"),
    "two sampling rates": (lambda d: sounds(d, rate=16_000), {}, "b/9.wav has a sampling rate of 16000, but a/0.wav has 8000; allowed: one for all, or resample=8000"),
    "sound without samples": (lambda d: sounds(d, n=0), {}, "has an empty sequence"),
    "no WAV": (lambda d: put(sounds(d)/"a/x.wav", struct.pack("<4sI4s", b"RIFF", 4, b"AVI ")) and d, {}, "a/x.wav is no "),
    "pickled array": (lambda d: arrays(d, np.array([{}, 1])), {}, "b/9.npy holds pickled objects, which are never opened"),
    "array of three axes": (lambda d: arrays(d, np.zeros((2, 2, 2))), {}, "b/9.npy has shape (2, 2, 2); allowed: (L,) or (L, C)"),
    "arrays of different channels": (lambda d: arrays(d, np.zeros((4, 2))), {}, "b/9.npy has steps of shape (2,), but a/0.npy has ()"),
    "complex array": (lambda d: arrays(d, np.zeros(3, complex)), {}, "b/9.npy holds complex128; allowed: real numbers"),
    "table names no file": (lambda d: tabled(d, "file,label\na.png,x\nc.png,z\n"), {}, "labels.csv, row 2 names 'c.png'; allowed: one file of"),
    "file not in the table": (lambda d: tabled(d, "file,label\na.png,x\n"), {}, "b.png has no row in labels.csv (1 of 2 files have none)"),
    "file named twice": (lambda d: tabled(d, "file,label\na.png,x\na.png,z\n"), {}, "labels.csv, row 2 names 'a.png', as row 1 of labels.csv does"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(case, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    make, options, why = CASES[case]
    (tmp_path/"data").mkdir()
    with pytest.raises(SptError) as e: load(make(tmp_path/"data"), **options)
    assert why in str(e.value), str(e.value)
    assert "\n" not in str(e.value) and len(str(e.value)) < 400
    assert not [f for f in (tmp_path/"cache").rglob(".*") if ".tmp-" in f.name or ".spool-" in f.name or ".keep-" in f.name], "something half done is left"
