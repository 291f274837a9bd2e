"""Damaged results and checkpoints: every one is noticed, the last good checkpoint is used, and what comes out is the same to the byte.

A change that keeps size and time of a file is noticed by the next process, not by the one that has already hashed it.
"""
import errno
import os
import random
import shutil

import pytest
from tools import compute, in_store, planned, results

from spt_nb.core import digest, read_json, write_json
from spt_nb.runs.store import Store, state
from spt_nb.training.trainer import Trainer
from spt_nb.runs.workers import work

FLIP, CUT, GROW, ZERO, EMPTY, REMOVE, SWAP, SWAP_ALL, FORGE, ADD, ODD = range(11)


def damage(rng, path, other):
    "Change a file for the worse; say how."
    kind, data = rng.choice([FLIP, FLIP, CUT, GROW, ZERO, EMPTY, REMOVE, SWAP]), bytearray(path.read_bytes())
    if kind == FLIP:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == CUT:
        del data[rng.randrange(len(data)):]
    elif kind == GROW:
        data += os.urandom(rng.randrange(1, 20))
    elif kind == ZERO:
        at = rng.randrange(len(data))
        new = data[:at] + bytes(min(64, len(data) - at)) + data[at + 64:]
        data = new if new != data else data[:-1]
    elif kind == EMPTY:
        data = b""
    elif kind == SWAP and other is not None and other.read_bytes() != data:
        data = other.read_bytes()
    else:
        return path.unlink()
    path.write_bytes(data)


def odd(rng, folder, path):
    "What is not even a file, and manifests that no program wrote."
    manifest = folder / "manifest.json"
    what = rng.randrange(8)
    if what < 4:
        path.unlink()
        (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/nowhere"), lambda: path.symlink_to(path.name))[what]()
    elif what == 4:
        manifest.write_text('{"files": {"a": NaN}, "self": ""}')
    elif what == 5:
        manifest.write_text("[" * 100_000)
    elif what == 6:
        files = read_json(manifest)["files"] | {"../\0": "0" * 64}
        write_json(manifest, dict(files=files, self=digest(files)))
    else:
        shutil.rmtree(folder)
        folder.write_text("a file of this name")


def damage_folder(rng, store, key, keys):
    "Damage a finished stage."
    folder, kind = store / key, rng.choice([FLIP]*8 + [SWAP_ALL, FORGE, ADD, ODD])
    if kind == SWAP_ALL:
        other = rng.choice([k for k in keys if k != key])
        shutil.rmtree(folder)
        return shutil.copytree(store / other, folder)
    if kind == ADD:
        return (folder / rng.choice(["extra.json", "two\nlines", "weights.bin"])).write_text("{}")
    if kind == ODD:
        return odd(rng, folder, rng.choice([p for p in folder.iterdir() if p.is_file()]))
    if kind == FORGE:  # a manifest that agrees with itself, but not with the files
        manifest = read_json(folder / "manifest.json")
        name = rng.choice(list(manifest["files"]))
        if rng.random() < .5:
            del manifest["files"][name]
        else:
            manifest["files"][name] = "0"*64
        return write_json(folder / "manifest.json", manifest | {"self": digest(manifest["files"])})
    path = rng.choice([p for p in folder.iterdir() if p.is_file()])
    others = [p for k in keys if k != key and (p := store / k / path.name).exists()]
    damage(rng, path, rng.choice(others) if others else None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    "A finished grid, and the same grid with one stage stopped half-way, which has two checkpoints."
    folder = tmp_path_factory.mktemp("whole")
    c = planned(folder / "done", mixers=["dlr"], inits=["masked"], pretrain_steps=12, finetune_steps=12, valid_every=3, n_train=32, n_valid=16, n_test=16)
    assert not compute(c)
    stopped = in_store(c, folder / "stopped")
    stage = next(iter(c.trials.values())).candidates[0].pretrain
    update = Trainer.update

    def dies(self, *a):
        if self.at["step"] == 10:
            raise RuntimeError("stopped")
        return update(self, *a)

    Trainer.update = dies
    try:
        with pytest.raises(RuntimeError):
            stage.obtain(stopped.store)
    finally:
        Trainer.update = update
    assert len(list((folder / "stopped").glob("*.partial/checkpoint-*"))) == 2
    return c, folder


def test_mutants_of_results(tmp_path, whole, size, measured, caplog):
    (c, folder), n, rng = whole, size(60, 350), random.Random(1)
    expected, keys = results(folder / "done"), sorted(p.parent.name for p in (folder / "done").glob("*/manifest.json"))
    for i in range(n):
        store, key = tmp_path / str(i), rng.choice(keys)
        shutil.copytree(folder / "done", store)
        damage_folder(rng, store, key, keys)
        mine = in_store(c, store)
        assert not mine.store.ready(key)
        said, = caplog.messages
        assert "\n" not in said and key in said, said
        caplog.clear()
        assert not compute(mine)
        assert results(store) == expected and len(list(store.glob("*.broken-*"))) == 1
        shutil.rmtree(store)
    measured("mutants_of_results", mutants=n, noticed=n, used=0, made_again=n)


def test_mutants_of_checkpoints(tmp_path, whole, size, measured, caplog):
    (c, folder), n, rng = whole, size(40, 150), random.Random(2)
    stage = next(iter(c.trials.values())).candidates[0].pretrain
    expected = {k: v for k, v in results(folder / "done").items() if k.startswith(stage.hash)}
    from_start = from_older = 0
    for i in range(n):
        store = tmp_path / str(i)
        shutil.copytree(folder / "stopped", store)
        partial = store / f"{stage.hash}.partial"
        older, newest = sorted(partial.glob("checkpoint-*"))
        damage(rng, newest, older)
        both = rng.random() < .3
        if both:
            damage(rng, older, newest if newest.exists() else None)
        there = [p for p in (older, newest) if p.exists()]
        damaged = sum(p.exists() for p in ((older, newest) if both else (newest,)))
        stage.obtain(Store(store))
        assert sum("left out" in m for m in caplog.messages) == damaged, (caplog.messages, there)
        caplog.clear()
        log = (store / stage.hash / "log.txt").read_text()
        assert ("goes on from step 6" in log) == (not both), log
        from_older, from_start = from_older + (not both), from_start + both
        assert {k: v for k, v in results(store).items() if k.startswith(stage.hash)} == expected
        shutil.rmtree(store)
    measured("mutants_of_checkpoints", mutants=n, used=0, resumed_from_the_one_before=from_older, computed_from_the_start=from_start)


def test_mutants_of_working_folders(tmp_path, whole, capfd):
    "Notes, configurations and left-overs of whatever kind: nothing of them gets into the result, and the checkpoint is used."
    c, folder = whole
    stage = next(iter(c.trials.values())).candidates[0].pretrain
    expected = {k: v for k, v in results(folder / "done").items() if k.startswith(stage.hash)}
    files = sorted(p.name for p in (folder / "done" / stage.hash).iterdir())
    for name in ("config.json", "progress.json", "failed.json", "manifest.json", "weights.safetensors", "extra.json", ".metrics.json.half", ".ipynb_checkpoints/"):
        for text in ("", "[]", "null", '{"state": 1, "why": []}', "[" * 100_000, None):
            store = Store(tmp_path / "store")
            shutil.copytree(folder / "stopped", store.folder, dirs_exist_ok=True)
            path = store.partial(stage.hash) / name
            if name.endswith("/"):
                path.mkdir()
            elif text is None and path.exists():
                path.unlink()
            else:
                path.write_text(text or "")
            assert state(store, stage.hash)["state"] in ("stopped", "failed")
            assert not work([stage], store, "run")
            assert {k: v for k, v in results(store.folder).items() if k.startswith(stage.hash)} == expected
            assert sorted(p.name for p in store.path(stage.hash).iterdir()) == files
            assert "goes on from step 9" in (store.path(stage.hash) / "log.txt").read_text()
            assert capfd.readouterr().err == ""
            shutil.rmtree(store.folder)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES])
def test_a_file_that_cannot_be_read_just_now_is_no_damage(tmp_path, whole, monkeypatch, code):
    "Too many open files, no permission: an error, and the stage stays where it is."
    c, folder = whole
    shutil.copytree(folder / "done", tmp_path / "s")
    key = next(iter(c.trials.values())).hash

    def denied(path):
        raise OSError(code, os.strerror(code), str(path))
    monkeypatch.setattr("spt_nb.runs.store.file_hash", denied)
    with pytest.raises(OSError, match=os.strerror(code)):
        Store(tmp_path / "s").ready(key)
    monkeypatch.undo()
    assert Store(tmp_path / "s").ready(key)


def test_checkpoint_of_another_stage_is_not_used(tmp_path, whole, caplog):
    "Same shapes, valid hash, another seed."
    c, folder = whole
    a, b = (t.candidates[0].pretrain for t in c.trials.values())
    shutil.copytree(folder / "stopped", tmp_path / "s")
    (tmp_path / "s" / f"{a.hash}.partial").rename(tmp_path / "s" / f"{b.hash}.partial")
    b.obtain(Store(tmp_path / "s"))
    assert sum("belongs to another stage; it was left out" in m for m in caplog.messages) == 2
    expected = results(folder / "done")
    assert all(expected[k] == v for k, v in results(tmp_path / "s").items())
