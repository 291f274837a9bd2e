"""A dry run beside caches that are broken, deleted or in use, of no plan at all, and of a page that is refused."""
import json

import numpy as np
import pytest

from spt_nb.core import SptError, cache_dir
from spt_nb.experiments import dry_run
from spt_nb.experiments.dry_run import describe, filling, plan_table, show, traceless
from spt_nb.protocol import compare
from spt_nb.tasks.batches import table
from spt_nb.tasks.cache import cached, caches, verify

HOW = dict(task="copy_match", mixers=["dlr"], inits=["scratch"], seeds=1, scale="smoke", quiet=True)


def data():
    "The fingerprint of some rows, which are made once."
    return cached("rows", 1, {}, lambda: dict(train=table(x=np.arange(12).reshape(4, 3), y=np.arange(4))))[1]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    "The folder of a cache, and its lock beside it."
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"data"))
    data()
    folder, = caches()
    lock = folder.parent/f".{folder.name}.lock"
    lock.touch()
    return folder


def broken(folder): (folder/"cache.json").write_text("{}")
def shortened(folder): next(folder.glob("*.arrow")).write_bytes(b"")
def deleted(folder): [f.unlink() for f in folder.iterdir()], folder.rmdir()
def whole(folder): pass


@pytest.mark.parametrize("harm", [broken, shortened, deleted, whole])
def test_a_plan_beside_any_cache(kept, harm):
    "What is broken is made again beside it, and stays as it is."
    expected = data()
    harm(kept)
    before = {p: p.stat().st_mtime_ns for p in cache_dir().rglob("*")}, verify()
    with traceless() as folder:
        assert not list(folder.glob(".*"))
        assert data() == expected
    assert ({p: p.stat().st_mtime_ns for p in cache_dir().rglob("*")}, verify()) == before


def test_no_plan_is_no_line():
    assert len(plan_table([])) == 0 and "nothing is left to train" in describe(plan_table([]))


def test_json_names_what_is_refused(monkeypatch, capsys):
    def designs(page, scale, **parameters): raise SptError("scale is 'smoke'; allowed: none")
    monkeypatch.setattr(dry_run, "designs", designs)
    show("all", "smoke", as_json=True)
    assert {line["refused"] for line in json.loads(capsys.readouterr().out).values()} == {"scale is 'smoke'; allowed: none"}


@pytest.mark.parametrize("ask", [lambda: compare(**HOW, minutes=5, budget=2.), lambda: filling(5, "size", "smoke", overrides=dict(budget=2.))])
def test_minutes_find_the_budget_themselves(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path))
    with pytest.raises(SptError, match="^budget is 2.0, and minutes 5; allowed: one of them$"):
        ask()
    assert not list(tmp_path.iterdir())
