"""Four workers on many small stages, one of them killed: each stage has exactly one finished record."""
import pytest
import os
import random
import signal
import time

from tools import child, compute, ended, finished, in_store, planned, results

import spt_nb.runs.store
from spt_nb.config import Config
from spt_nb.core import read_json, write_json
from spt_nb.runs.store import Store
from spt_nb.runs.progress import plan
from spt_nb.runs.workers import work

pytestmark = pytest.mark.slow


class Add(Config):
    "A toy stage: its number, plus the results of those it needs."
    number: int
    parts: tuple["Add", ...] = ()
    steps: int = 1
    log: str = ""

    @property
    def needs(self):
        return self.parts

    @property
    def title(self):
        return f"add {self.number}"

    def obtain(self, store, wait=True):
        def compute(folder):
            time.sleep(.002)
            write_json(folder / "sum.json", self.number + sum(read_json(store.path(p.hash) / "sum.json") for p in self.parts))
            with open(self.log, "a") as f:
                f.write(f"{self.hash}\n")
        return store.obtain(self, compute, wait)


def test_crowd(tmp_path, size, measured):
    n, repeats, rng = size(40, 200), size(3, 20), random.Random(0)
    records = again = 0
    for i in range(repeats):
        folder, log = tmp_path / str(i), tmp_path / f"log{i}"
        first = [Add(number=k, log=str(log)) for k in range(n // 2)]
        stages = plan([Add(number=1000 + k, parts=(first[k], first[-1 - k]), log=str(log)) for k in range(n // 2)])
        assert len(stages) == n
        workers = [child(lambda: len(work(stages, Store(folder), "run"))) for _ in range(4)]
        time.sleep(rng.random() * n * .01)
        os.kill(workers[0], signal.SIGKILL)
        assert ended(workers[0]) in (0, -signal.SIGKILL)
        assert [ended(w) for w in workers[1:]] == [0, 0, 0]
        found = finished(folder)
        assert found.keys() == {s.hash for s in stages} and not list(folder.glob("*.partial")) and not list(folder.glob("*.broken*"))
        assert all(read_json(folder / s.hash / "sum.json") == s.number + sum(p.number for p in s.parts) for s in stages)
        computed = log.read_text().split()
        again += len(computed) - len(set(computed))  # at most the one that was at work when its worker was killed
        assert len(computed) - len(set(computed)) <= 1
        records += len(found)
    measured("crowd", workers=4, stages=n, repeats=repeats, finished_records=records, expected=n * repeats, computed_again_after_the_kill=again)


def slow_to_look(seed):
    "Time passes between a look at a stage and what is done about it."
    look, rng = spt_nb.runs.store.intact, random.Random(seed)

    def intact(folder):
        found = look(folder)
        time.sleep(rng.choice([0, 0, .1]))
        return found
    spt_nb.runs.store.intact = intact


def test_damage_noticed_by_all(tmp_path, size, measured):
    "Four workers look at the same damaged stages at the same time: each is set aside once, and computed again once."
    n, repeats, broken = size(20, 60), size(3, 30), 0
    log = tmp_path / "log"
    stages = plan([Add(number=k, log=str(log)) for k in range(n)])
    store = Store(tmp_path / "store")
    assert not work(stages, store)
    for _ in range(repeats):
        for s in stages[::2]:
            with open(store.path(s.hash) / "sum.json", "w") as f:
                f.write("-1")
        log.write_text("")
        workers = [child(lambda: slow_to_look(i) or len(work(stages, Store(store.folder), "run"))) for i in range(4)]
        assert [ended(w) for w in workers] == [0]*4
        assert sorted(log.read_text().split()) == sorted(s.hash for s in stages[::2])
        assert all(read_json(store.path(s.hash) / "sum.json") == s.number for s in stages)
        broken += len(stages[::2])
        assert len(list(store.folder.glob("*.broken-*"))) == broken
    measured("damage_noticed_by_all", workers=4, damaged=broken, set_aside=broken, computed_again=broken)


def test_crowd_of_real_stages(tmp_path):
    alone = planned(tmp_path / "alone", seeds=1)
    assert not compute(alone)
    crowd = in_store(alone, tmp_path / "crowd")
    workers = [child(lambda: len(compute(crowd))) for _ in range(4)]
    time.sleep(.4)
    os.kill(workers[2], signal.SIGKILL)
    assert [ended(w) for w in (workers[0], workers[1], workers[3])] == [0, 0, 0] and ended(workers[2]) in (0, -signal.SIGKILL)
    assert results(tmp_path / "crowd") == results(tmp_path / "alone")
