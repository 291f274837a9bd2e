"""A user's data: every form leads to the same task, files keep every number, and splits, sizes and processes do what they promise."""
import gzip
import json
import subprocess
import sys
import wave

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, load_from_disk
from PIL import Image

from spt_nb.tasks.own.load import keep, load
from spt_nb.tasks.summary import summary
from spt_nb.tasks.batches import Split

rng = np.random.default_rng(0)
WORDS = "a bad dull film good plot the très 日本".split()
TEXTS = [dict(text=" ".join(rng.choice(WORDS, rng.integers(3, 40))) + ("\nnew line, \"quoted\"" if i % 7 == 0 else ""), label=["neg", "pos", "so-so"][i % 3]) for i in range(150)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    return tmp_path


def delimited(rows, sep):
    quote = lambda v: '"' + str(v).replace('"', '""') + '"'
    return "\ufeff" + "\r\n".join(sep.join(map(quote, r)) for r in [list(rows[0]), *(r.values() for r in rows)]) + "\r\n\r\n"


def rows_of(ds): return {(tuple(map(tuple, np.asarray(r["x"]).reshape(len(r["x"]), -1).tolist())), r["y"]) for r in ds}


def all_rows(task): return set.union(*(rows_of(d) for d in (task.train, task.valid, task.test)))


def test_every_form_is_the_same_task(home):
    (home/"a.csv").write_text(delimited(TEXTS, ","), newline="")
    (home/"b.csv").write_text(delimited(TEXTS, ";"), newline="")
    (home/"c.tsv.gz").write_bytes(gzip.compress(delimited(TEXTS, "\t").encode()))
    (home/"d.jsonl").write_text("\n".join(map(json.dumps, TEXTS)))
    (home/"e.json.gz").write_bytes(gzip.compress(json.dumps(TEXTS).encode()))
    pq.write_table(pa.Table.from_pylist(TEXTS), home/"f.parquet", row_group_size=13)
    ds = Dataset.from_list(TEXTS)
    ds.save_to_disk(str(home/"g"))
    marks = {str(p): load(p).fingerprint for p in [*(home/n for n in ("a.csv", "b.csv", "c.tsv.gz", "d.jsonl", "e.json.gz", "f.parquet", "g")), ds, keep(ds)]}
    assert len(set(marks.values())) == 1, marks
    assert load(data_dir=str(home/"a.csv")).fingerprint in marks.values()
    task = load(ds)
    got = {(bytes((np.array(x)[:-1, 0].astype(int) - 4).tolist()).decode(), task.classes[y]) for x, y in all_rows(task)}
    assert got == {(r["text"], r["label"]) for r in TEXTS}


def test_content_is_the_identity(home):
    ds = Dataset.from_list(TEXTS)
    assert keep(ds.select(range(150))) == keep(ds) != keep(ds.select(range(149)))
    first = load(ds)
    assert load(load_from_disk(str(home/"x")) if ds.save_to_disk(str(home/"x")) else ds).fingerprint == first.fingerprint
    assert load(ds, length=10).fingerprint != first.fingerprint and load(ds, seed=1).fingerprint != first.fingerprint
    path = home/"a.csv"
    path.write_text(delimited(TEXTS, ","))
    before = load(path)
    path.write_text(delimited(TEXTS[:-1] + [dict(text="changed", label="pos")], ","))
    assert load(path).fingerprint != before.fingerprint
    kept = next(keep(ds).iterdir())
    kept.write_bytes(b"harmed")
    assert load(ds).fingerprint == first.fingerprint


def test_another_process_reads_what_was_kept(home):
    ds = DatasetDict(train=Dataset.from_list(TEXTS[:100]), test=Dataset.from_list(TEXTS[100:]))
    code = f"from spt_nb.tasks.own.load import load; print(load(data_dir={str(keep(ds))!r}, tokens='words').fingerprint)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == load(ds, tokens="words").fingerprint


def test_official_splits_stay(home):
    parts = {"Train": TEXTS[:90], "dev": TEXTS[90:120], "TEST": TEXTS[120:]}
    for name, rows in parts.items():
        (home/"d").mkdir(exist_ok=True)
        (home/"d"/f"{name}.csv").write_text(delimited(rows, ","))
    task = load(home/"d")
    assert [len(d) for d in (task.train, task.valid, task.test)] == [90, 30, 30] and "splits as given" in task.source
    one = [r | dict(split=s) for s, rows in parts.items() for r in rows]
    assert load(Dataset.from_list(one)).fingerprint == task.fingerprint
    (home/"d"/"dev.csv").unlink()
    held = load(home/"d", valid=.2)
    assert [len(d) for d in (held.train, held.valid, held.test)] == [72, 18, 30] and rows_of(held.test) == rows_of(task.test)
    assert not rows_of(held.valid) & rows_of(held.test)


def test_shares_sizes_and_seeds():
    ds = Dataset.from_dict(dict(x=[[i, i + 1] for i in range(1000)], y=sorted(rng.choice(3, 1000, p=[.05, .25, .7]).tolist())))
    task, other = load(ds), load(ds, seed=1)
    assert len(all_rows(task)) == 1000 and rows_of(task.test) != rows_of(other.test)
    share = lambda d: np.bincount(d["y"], minlength=3)/len(d)
    assert all(abs(share(d) - share(ds)).max() < .02 for d in (task.train, task.valid, task.test))
    for d in (task.train, task.valid, task.test): assert (np.diff(d["y"]) != 0).mean() > .2, "sorted by label"
    small, smaller = load(ds, n_train=100, x_norm="none"), load(ds, n_train=50, x_norm="none")
    assert rows_of(smaller.train) < rows_of(small.train) and len(smaller.train) == 50 and smaller.fingerprint != small.fingerprint


def test_faulty_rows_are_dropped_on_demand(home):
    rows = [dict(x=[i, 2.5], y=i % 2) for i in range(40)] + [dict(x=[], y=1), dict(x=[1, None], y=0), dict(x=[1], y=None), dict(x=None, y=1)]
    (home/"d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = load(home/"d.jsonl", drop_missing=True, x_norm="none")
    assert len(all_rows(task)) == 40 and "4 rows with faults dropped" in task.source


def test_values_and_targets_are_standardised():
    x = (rng.normal(size=(300, 40, 2))*[1, 100] + [5, -3]).tolist()
    ds = Dataset.from_dict(dict(signal=x, target=(rng.normal(size=300)*1e4 + 5e4).tolist()))
    task, raw = load(ds), load(ds, x_norm="none", y_norm="none")
    flat = np.concatenate([r["x"] for r in task.train])
    assert task.channels == 2 and abs(flat.mean(0)).max() < 1e-4 and abs(flat.std(0) - 1).max() < 1e-4
    y = np.array(task.train["y"])
    assert abs(y.mean()) < 1e-5 and abs(y.std() - 1) < 1e-5 and task.kind == "regression" and task.n_outputs == 1
    assert np.corrcoef(y, raw.train["y"])[0, 1] > .999999 and np.mean(raw.train["y"]) > 4e4
    assert "always saying 0" in summary(task) and len({task.fingerprint, raw.fingerprint}) == 2


def test_pairs():
    ds = Dataset.from_dict(dict(a=["x", "yy"]*10, b=["zzz", "w"]*10, same=[0, 1]*10))
    task = load(ds, x="a", x2="b", y="same", valid=.2)
    split = Split(task.train)
    assert task.kind == "matching" and set(zip(split.lengths.tolist(), split.lengths2.tolist(), split.y.tolist())) == {(2, 4, 0), (3, 2, 1)}
    assert "lengths 2" in summary(task)


def sound(path, a):
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(8000), w.writeframes(a.tobytes())


@pytest.mark.parametrize("form", ["png", "colour", "wav", "npy", "parquet"])
def test_media_keep_every_number(home, form):
    make = {"png": lambda: rng.integers(0, 256, (5, 7)), "colour": lambda: rng.integers(0, 256, (5, 7, 3)), "wav": lambda: rng.integers(-2**15, 2**15, rng.integers(20, 50)),
            "npy": lambda: rng.normal(size=(rng.integers(5, 9), 3)), "parquet": lambda: rng.integers(0, 256, (5, 7))}[form]
    dtype = {"wav": "<i2", "npy": np.float32}.get(form, np.uint8)
    items = [make().astype(dtype) for _ in range(24)]
    full, want = {"wav": 32768, "npy": 1}.get(form, 255), set()
    for i, a in enumerate(items):
        d = home/"data"/("train", "Valid", "test")[i % 3]/"xy"[i % 2]
        d.mkdir(parents=True, exist_ok=True)
        if form == "wav": sound(d/f"{i}.WAV", a)
        elif form == "npy": np.save(d/f"{i}.npy", a)
        else: Image.fromarray(a).save(d/f"{i}.png")
        flat = (a.reshape(-1, 3) if a.ndim == 3 else a.reshape(len(a), -1) if form == "npy" else a.reshape(-1, 1)).astype(np.float32)/np.float32(full)
        want.add((tuple(map(tuple, flat.tolist())), i % 2))
    data = home/"data"
    if form == "parquet":
        from datasets import ClassLabel, Features
        from datasets import Image as Picture
        data = Dataset.from_dict(dict(image=[Image.fromarray(a) for a in items], label=[i % 2 for i in range(24)]), features=Features(image=Picture(), label=ClassLabel(names=["x", "y"])))
    task = load(data, x_norm="none")
    assert all_rows(task) == want and task.classes == ("x", "y")
    if form == "png": assert (task.levels, task.span, load(data).span) == (256, (0.0, 1.0), (-1.0, 1.0)) and load(data, size=4).length == 16


CONVERT = """
import resource, sys
from spt_nb.tasks.own.load import load
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load(data_dir=sys.argv[1])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)/1024)
"""


@pytest.mark.slow
def test_memory_stays_small(home):
    "A table is converted piece by piece."
    with open(home/"big.csv", "w") as f:
        f.write("text,label\n")
        for i in range(50_000): f.write(f"{'some words of a long review '*150}{i},{i % 2}\n")
    out = subprocess.run([sys.executable, "-c", CONVERT, str(home/"big.csv")], capture_output=True, text=True, check=True)
    assert float(out.stdout) < 600, f"{out.stdout} MB above the import, for a file of {(home/'big.csv').stat().st_size >> 20} MB"


@pytest.mark.slow
def test_comparison_of_a_dataset_in_memory(home, capsys):
    "Two processes train on a dataset that was only ever in the memory of this one; asked again, nothing is computed."
    from spt_nb.protocol import compare
    ask = dict(mixers=["dlr"], inits=["scratch", "masked"], seeds=1, scale="smoke", runs=home/"runs", workers=2, n_test=20)
    first = compare(data=Dataset.from_list(TEXTS), **ask)
    assert "hides 15% of positions" in capsys.readouterr().out and first.resolved["task"]["name"] == "own"
    stages = {p.name: p.stat().st_mtime_ns for p in (home/"runs").iterdir() if p.is_dir()}
    pq.write_table(pa.Table.from_pylist(TEXTS), home/"the_same.parquet")
    again = compare(data=home/"the_same.parquet", **ask)
    assert {p.name: p.stat().st_mtime_ns for p in (home/"runs").iterdir() if p.is_dir()} == stages
    assert again.rows.equals(first.rows)


def test_rows_of_one_patient_may_belong_together(home):
    (home/"visits.csv").write_text("patient,text,label\n" + "".join(f"{i // 5},note number {i} of a visit,{i % 2}\n" for i in range(60)))
    assert "say group='patient'" in load(home/"visits.csv").source
    assert "say group" not in load(home/"visits.csv", group="patient").source
