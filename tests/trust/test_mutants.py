"""Damaged results and checkpoints: every one is noticed, the last good checkpoint is used, and what comes out is the same to the byte."""
import os
import random
import shutil

import pytest
from tools import compute, in_store, planned, results

from spt_nb.core import digest, read_json, write_json
from spt_nb.store import Store
from spt_nb.trainer import Trainer

FLIP, CUT, GROW, ZERO, EMPTY, REMOVE, SWAP, SWAP_ALL, FORGE, ADD = range(10)


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


def damage_folder(rng, store, key, keys):
    "Damage a finished stage."
    folder, kind = store / key, rng.choice([FLIP]*8 + [SWAP_ALL, FORGE, ADD])
    if kind == SWAP_ALL:
        other = rng.choice([k for k in keys if k != key])
        shutil.rmtree(folder)
        return shutil.copytree(store / other, folder)
    if kind == ADD:
        return (folder / "extra.json").write_text("{}")
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


def test_mutants_of_results(tmp_path, whole, size, measured, capfd):
    (c, folder), n, rng = whole, size(60, 350), random.Random(1)
    expected, keys = results(folder / "done"), sorted(p.parent.name for p in (folder / "done").glob("*/manifest.json"))
    for i in range(n):
        store, key = tmp_path / str(i), rng.choice(keys)
        shutil.copytree(folder / "done", store)
        damage_folder(rng, store, key, keys)
        mine = in_store(c, store)
        assert not mine.store.ready(key)
        err = capfd.readouterr().err
        assert err.count("\n") == 1 and key in err, err
        assert not compute(mine)
        assert results(store) == expected and len(list(store.glob("*.broken-*"))) == 1
        shutil.rmtree(store)
    measured("mutants_of_results", mutants=n, noticed=n, used=0, made_again=n)


def test_mutants_of_checkpoints(tmp_path, whole, size, measured, capfd):
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
        err = capfd.readouterr().err
        assert err.count("left out") == damaged, (err, there)
        log = (store / stage.hash / "log.txt").read_text()
        assert ("goes on from step 6" in log) == (not both), log
        from_older, from_start = from_older + (not both), from_start + both
        assert {k: v for k, v in results(store).items() if k.startswith(stage.hash)} == expected
        shutil.rmtree(store)
    measured("mutants_of_checkpoints", mutants=n, used=0, resumed_from_the_one_before=from_older, computed_from_the_start=from_start)


def test_checkpoint_of_another_stage_is_not_used(tmp_path, whole, capfd):
    "Same shapes, valid hash, another seed."
    c, folder = whole
    a, b = (t.candidates[0].pretrain for t in c.trials.values())
    shutil.copytree(folder / "stopped", tmp_path / "s")
    (tmp_path / "s" / f"{a.hash}.partial").rename(tmp_path / "s" / f"{b.hash}.partial")
    b.obtain(Store(tmp_path / "s"))
    assert capfd.readouterr().err.count("belongs to another stage; it was left out") == 2
    expected = results(folder / "done")
    assert all(expected[k] == v for k, v in results(tmp_path / "s").items())
