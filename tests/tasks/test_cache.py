"""Damage to cached data: noticed every time, never used, mended."""
import json
import logging
import os
import random
import shutil

import pytest

from spt_nb.core import SptError
from spt_nb.tasks import load_task, pathfinder
from spt_nb.tasks.cache import _dump, caches
from spt_nb.tasks.batches import Split

TASKS = {"listops": dict(n_train=60, n_valid=10, n_test=10, min_length=5, max_length=60),
         "pathfinder": dict(n_train=45, n_valid=5, n_test=5)}
MUTANTS = 500


def rows(task):
    return [Split(ds).x.raw(i).tobytes() for ds in (task.train, task.valid, task.test) for i in range(len(ds))]


def flip(folder, rng):
    f = rng.choice(sorted(folder.iterdir()))
    b = bytearray(f.read_bytes())
    b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)
    f.write_bytes(b)


def truncate(folder, rng):
    f = rng.choice(sorted(folder.iterdir()))
    os.truncate(f, rng.randrange(f.stat().st_size))


def append(folder, rng):
    with open(rng.choice(sorted(folder.iterdir())), "ab") as f:
        f.write(rng.randbytes(rng.randint(1, 100)))


def overwrite(folder, rng):
    "A block in the middle becomes zeros, as after a crash of the machine."
    f = rng.choice(sorted(folder.glob("*.arrow")))
    b = bytearray(f.read_bytes())
    at = rng.randrange(len(b)//2)
    while not any(b[at:at + 64]):
        at = rng.randrange(len(b)//2)
    b[at:at + 64] = bytes(64)
    f.write_bytes(b)


def swap(folder, rng):
    a, b = rng.sample(sorted(folder.glob("*.arrow")), 2)
    os.rename(a, folder/"x"), os.rename(b, a), os.rename(folder/"x", b)


def remove(folder, rng):
    rng.choice(sorted(folder.iterdir())).unlink()


def older(folder, rng):
    "The record of another version, with a check that fits."
    record = json.loads((folder/"cache.json").read_text())
    record.pop("check")
    record["version"] -= rng.randint(1, 3)
    (folder/"cache.json").write_text(_dump(record))


def other(folder, rng):
    "A whole and valid cache of something else under this name."
    shutil.rmtree(folder)
    shutil.copytree(rng.choice([f for f in caches() if f != folder]), folder)


HARMS = (flip, flip, flip, truncate, append, overwrite, swap, remove, older, other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    "The home of the caches, and for each task its folder, fingerprint and rows."
    home = tmp_path_factory.mktemp("data")
    before, os.environ["SPT_DATA"] = os.environ.get("SPT_DATA"), str(home)
    usual, found = pathfinder.PIECES[32], {}
    pathfinder.PIECES[32] = 20
    for name, options in TASKS.items():
        had, task = set(caches()), load_task(name, **options)
        found[name] = (set(caches()) - had).pop(), task.fingerprint, rows(task)
    load_task("listops", **TASKS["listops"], seed=1)
    yield found
    pathfinder.PIECES[32] = usual
    os.environ.pop("SPT_DATA")
    if before is not None:
        os.environ["SPT_DATA"] = before


@pytest.mark.slow
def test_mutants_are_noticed_and_mended(whole, caplog):
    rng, missed = random.Random(0), []
    for number in range(MUTANTS):
        name, harm = rng.choice([*TASKS]), HARMS[number % len(HARMS)]
        folder, mark, expected = whole[name]
        harm(folder, rng)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "spt_nb"):
            task = load_task(name, **TASKS[name])
        said = [r.getMessage() for r in caplog.records if "is broken" in r.getMessage()]
        if len(said) != 1 or "\n" in said[0] or task.fingerprint != mark or rows(task) != expected:
            missed.append((number, harm.__name__, said))
    assert not missed, missed


def test_harmless_things_are_harmless(whole):
    "A cache may be moved, and files beside it do not matter."
    folder, mark, _ = whole["listops"]
    (folder.parent/"notes.txt").write_text("mine")
    assert load_task("listops", **TASKS["listops"]).fingerprint == mark


def test_full_disk_is_one_line(whole, monkeypatch):
    "What was there stays; the error names the folder and what to do."
    import spt_nb.tasks.cache as cache
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(cache, "_write", full)
    with pytest.raises(SptError, match="No space left on device; set SPT_DATA"):
        load_task("listops", **TASKS["listops"], seed=2)
    assert load_task("listops", **TASKS["listops"]).fingerprint == whole["listops"][1]
