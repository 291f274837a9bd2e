"""CIFAR-10 from files of the official formats, from broken ones, and at full size; the digits."""
import io
import pickle
import subprocess
import sys

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from spt_nb.core import SptError
from spt_nb.tasks import image
from spt_nb.tasks.batches import Split

NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def pictures(n=20, seed=0):
    "Batches as in the official files: {name: (uint8 (n, 3072), labels)}."
    rng = np.random.default_rng(seed)
    return {k: (rng.integers(0, 256, (n, 3072), dtype=np.uint8), rng.integers(0, 10, n).tolist()) for k in NAMES}


def write_pickles(folder, batches, protocol=2):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (data, labels) in batches.items():
        batch = {b"batch_label": b"x", b"labels": labels, b"data": data, b"filenames": [b"a.png"] * len(data)}
        (folder / name).write_bytes(pickle.dumps(batch, protocol))
    (folder / "batches.meta").write_bytes(b"never read")


def png(row):
    data = io.BytesIO()
    Image.fromarray(row.reshape(3, 32, 32).transpose(1, 2, 0)).save(data, "PNG")
    return data.getvalue()


def hub_table(parts, img="img", label="label"):
    rows = [(x, y) for data, labels in parts for x, y in zip(data, labels)]
    return {img: [{"bytes": png(x), "path": "a.png"} for x, _ in rows], label: [y for _, y in rows]}


def splits_of(task):
    return [(np.stack([Split(d).x.raw(i) for i in range(len(d))]), Split(d).y) for d in (task.train, task.valid, task.test)]


def same(a, b):
    return all((x == u).all() and (y == v).all() for (x, y), (u, v) in zip(splits_of(a), splits_of(b), strict=True))


def test_every_form_gives_the_same_task(tmp_path, monkeypatch):
    batches = pictures()
    write_pickles(tmp_path / "a/cifar-10-batches-py", batches)
    write_pickles(tmp_path / "b", {k: (np.asfortranarray(x), y) for k, (x, y) in batches.items()}, 5)
    (tmp_path / "c/x/cifar-10-batches-bin").mkdir(parents=True)
    for name, (data, labels) in batches.items():
        rows = np.concatenate([np.array(labels, np.uint8)[:, None], data], 1)
        (tmp_path / f"c/x/cifar-10-batches-bin/{name}.bin").write_bytes(rows.tobytes())
    parts = {"train": [batches[k] for k in NAMES[:5]], "test": [batches["test_batch"]]}
    (tmp_path / "d/plain_text").mkdir(parents=True)
    for split, rows in parts.items():
        pq.write_table(pa.table(hub_table(rows)), tmp_path / f"d/plain_text/{split}-00000-of-00001.parquet")
    first = image.image(tmp_path / "a")
    for folder in ("a/cifar-10-batches-py", "b", "c", "d", "d/plain_text"):
        assert same(image.image(tmp_path / folder), first)
        assert same(image.scifar(tmp_path / folder), image.scifar(tmp_path / "a"))
    assert (len(first.train), len(first.valid), len(first.test)) == (90, 10, 20)
    x, y = splits_of(image.scifar(tmp_path / "a"))[2]
    assert (x == batches["test_batch"][0].reshape(-1, 3, 1024).transpose(0, 2, 1)).all() and y.tolist() == batches["test_batch"][1]

    asked = []  # the hub: official features, or older names of the columns
    features = datasets.Features(img=datasets.Image(), label=datasets.ClassLabel(names=list(image.CLASSES)))

    def hub(path, name=None, **options):
        asked.append(path)
        if len(asked) % 2:
            return datasets.DatasetDict({s: datasets.Dataset.from_dict(hub_table(r), features=features) for s, r in parts.items()})
        for s, r in parts.items():
            pq.write_table(pa.table(hub_table(r, "image", "labels")), tmp_path / f"{s}.parquet")
        return datasets.load_dataset("parquet", data_files={s: str(tmp_path / f"{s}.parquet") for s in parts}, cache_dir=tmp_path / "hf")

    monkeypatch.setattr("spt_nb.tasks.cache.load_dataset", hub)
    assert same(image.image(), first) and same(image.scifar(), image.scifar(tmp_path / "a"))
    image.image()
    assert asked == ["uoft-cs/cifar10"] * 2 and "hub" in image.image().source


def test_broken_parquet_is_named(tmp_path):
    def said(change=lambda t: t, cut=None):
        for split in ("train", "test"):
            f = tmp_path / f"{split}-00000-of-00001.parquet"
            pq.write_table(pa.table(change(hub_table([pictures(4)["test_batch"]]))), f)
        if cut is not None:
            f.write_bytes(f.read_bytes()[:cut])
        with pytest.raises(SptError) as e:
            image.image(tmp_path)
        assert "\n" not in str(e.value)
        return str(e.value)

    def replaced(column, row, value):
        return lambda t: {k: [value if (k, i) == (column, row) else x for i, x in enumerate(v)] for k, v in t.items()}

    big = io.BytesIO()
    Image.new("RGB", (64, 32)).save(big, "PNG")
    good = png(pictures(1)["test_batch"][0][0])
    assert "row 2: the picture has 64 x 32 pixels" in said(replaced("img", 2, {"bytes": big.getvalue(), "path": ""}))
    assert "row 1: the picture cannot be decoded" in said(replaced("img", 1, {"bytes": good[:len(good) // 2], "path": ""}))
    assert "row 0: the picture cannot be decoded" in said(replaced("img", 0, {"bytes": None, "path": "/etc/passwd"}))
    assert "row 3: label is 10" in said(replaced("label", 3, 10))
    assert "row 3: label is NoneType" in said(replaced("label", 3, None))
    assert "has no column 'img'" in said(lambda t: {"picture": t["img"], "label": t["label"]})
    assert "is empty" in said(lambda t: {k: v[:0] for k, v in t.items()})
    assert "test-00000-of-00001.parquet is no parquet file" in said(cut=100)


MEASURE = """
import sys
from spt_nb.tasks import image
def mb(what): return int(next(l for l in open("/proc/self/status") if l.startswith(what)).split()[1])//1024
task = image.scifar(sys.argv[1])
converting, before = mb("VmHWM"), mb("VmRSS")
image.scifar(sys.argv[1])
print(converting, mb("VmRSS") - before, len(task.train), len(task.valid), len(task.test))
"""


@pytest.mark.slow
def test_memory_at_full_size(tmp_path):
    write_pickles(tmp_path / "cifar-10-batches-py", pictures(10_000), 4)
    out = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    converting, opening, *counts = map(int, out.split())
    assert counts == [45_000, 5_000, 10_000] and converting < 1000 and opening < 300, out


def test_digits_need_no_file():
    a, b = image.digits(seed=3), image.digits(seed=3, n_train=100)
    assert a.levels == 17 and a.span == (-1., 1.) and len(a.train) == 1200
    rows = {Split(a.train).x.raw(i).tobytes() for i in range(1200)}
    assert all(Split(b.train).x.raw(i).tobytes() in rows for i in range(100)) and a.fingerprint != b.fingerprint
