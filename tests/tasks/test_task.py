"""A task as a folder for other tools: what `datasets` reads back, what is refused, and what a kill leaves."""
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from datasets import load_dataset
from huggingface_hub import DatasetCard

from spt_nb.cli import main
from spt_nb.core import SptError, read_json
from spt_nb.tasks import load_task
from spt_nb.tasks import task as page
from spt_nb.tasks.batches import Split
from spt_nb.tasks.task import SPLITS

SMALL = dict(n_train=60, n_valid=20, n_test=10)


@pytest.fixture(autouse=True)
def own_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))


def read_back(folder, tmp_path):
    return load_dataset(str(folder), cache_dir=str(tmp_path / "hf"))


@pytest.mark.parametrize("name", ["copy_match", "chains", "digits", "forecast"])
def test_read_back_row_by_row(name, tmp_path):
    options = {} if name == "digits" else SMALL
    task = load_task(name, **options)
    data = read_back(task.export(tmp_path / name, **options), tmp_path)
    for theirs, ours in SPLITS.items():
        split, rows = Split(getattr(task, ours)), data[theirs]
        assert len(rows) == len(split)
        for i, row in enumerate(rows):
            shown = getattr(task, ours)[i]
            np.testing.assert_array_equal(row["x"], shown["x"] if name == "forecast" else split.x.raw(i))
            np.testing.assert_array_equal(row["y"], shown["y"])
            if name == "chains":
                np.testing.assert_array_equal(row["x2"], split.x2.raw(i))


def test_subsets_and_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "FILE", 20 * 64)
    monkeypatch.setattr(page, "GROUP", 7 * 64)
    task = load_task("copy_match", **SMALL).subset(45)
    data = read_back(task.export(tmp_path / "part"), tmp_path)
    assert len(list((tmp_path / "part" / "data").glob("train-*"))) > 1
    assert [row["x"] for row in data["train"]] == [list(x) for x in task.train["x"]]


def test_the_card_says_what_and_how(tmp_path):
    task = load_task("pathfinder", **SMALL, seed=3)
    folder = task.export(tmp_path / "p", **SMALL, seed=3)
    card, about = DatasetCard.load(folder / "README.md"), read_json(folder / "task.json")
    assert card.data.license == "mit" and card.data.dataset_info["splits"][0]["num_examples"] == 60
    assert [f["split"] for f in card.data.configs[0]["data_files"]] == ["train", "validation", "test"]
    assert task.fingerprint in card.text and "seed=3" in card.text
    assert about["generator"]["params"]["seed"] == 3 and about["generator"]["version"] and about["shown"]["scale"] == [127.5]
    assert read_back(folder, tmp_path)["train"].features["y"].names == ["not connected", "connected"]


def test_only_its_own_folder_is_replaced(tmp_path):
    task, mine = load_task("copy_match", **SMALL), tmp_path / "mine"
    mine.mkdir()
    task.export(mine)
    task.subset(10).export(mine)
    assert len(read_back(mine, tmp_path)["train"]) == 10
    for change in [lambda: (mine / "notes.txt").write_text("mine"), lambda: ((mine / "notes.txt").unlink(), (mine / "task.json").unlink())]:
        change()
        before = sorted(mine.rglob("*"))
        with pytest.raises(SptError, match="holds something else"):
            task.export(mine)
        assert sorted(mine.rglob("*")) == before
    (tmp_path / "file").write_text("")
    with pytest.raises(SptError, match="allowed: a folder"):
        task.export(tmp_path / "file")


def test_a_folder_is_refused_before_the_data_is_made(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("spt_nb.tasks.load_task", lambda *_, **__: pytest.fail("data was made"))
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["data", "pathx", "--export", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_kill_leaves_no_half_folder(how, tmp_path):
    code = f"""
import time
from spt_nb.tasks import load_task, task as page
write = page._write_split
def slowly(*args):
    if str(args[2]).endswith("valid" "ation"): print("half", flush=True); time.sleep(60)
    return write(*args)
page._write_split = slowly
load_task("copy_match").export({str(tmp_path / 'out' / 'task')!r})
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        assert p.stdout.readline() == b"half\n"
        p.send_signal(how)
    there = list((tmp_path / "out").iterdir())
    assert not (tmp_path / "out" / "task").exists() and (how is signal.SIGKILL or not there)
    load_task("copy_match", **SMALL).export(tmp_path / "out" / "task")
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["task"]


def test_an_older_export_is_put_back(tmp_path, monkeypatch):
    task, mine = load_task("copy_match", **SMALL), tmp_path / "mine"
    task.export(mine)
    before, replace = {p: p.read_bytes() for p in mine.rglob("*") if p.is_file()}, os.replace

    def fails(a, b):
        if str(a).endswith("new"): raise OSError(28, "No space left on device")
        return replace(a, b)
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError):
        task.subset(10).export(mine)
    assert {p: p.read_bytes() for p in mine.rglob("*") if p.is_file()} == before and not list(tmp_path.glob(".mine*"))


def test_own_data_gets_no_licence(tmp_path):
    (tmp_path / "spt_nb_private.csv").write_text("text,label\n" + "".join(f"note {i},{i % 2}\n" for i in range(40)))
    card = load_task("own", tmp_path / "spt_nb_private.csv").export(tmp_path / "out") / "README.md"
    assert DatasetCard.load(card).data.license == "unknown"
