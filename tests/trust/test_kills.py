"""SIGKILL at random moments of a grid: no finished stage is lost, none is computed twice, and the tables are the same to the byte."""
import pytest
import os
import random
import signal
import time
from collections import Counter

from tools import at_write, child, compute, ended, finished, in_store, planned, results, tables

from spt_nb.runs.store import Store

pytestmark = pytest.mark.slow


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def logged(c, log, where=None, n=0):
    "Compute a comparison, noting every stage that is finished; `where`: SIGKILL before the n-th write anywhere, or of the end of a stage."
    finish, ends, first = Store.finish, [0], [None]
    at_end = 1 + n % 4  # of which stage

    def kill(count, path):
        if where == "write" and count == n:
            die()
        if where == "finish" and ends[0] == at_end:
            first[0] = first[0] or count
            if count - first[0] == n % 12:
                die()

    def noted(store, key):
        ends[0] += 1
        path = finish(store, key)
        if where == "finish" and ends[0] == at_end:
            die()  # it has its name, and nobody has been told
        fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, f"{key}\n".encode())
        os.close(fd)
        return path

    Store.finish = noted
    if where:
        at_write(c.store.folder, kill)
    return len(compute(c))


def test_kills(tmp_path, size, measured):
    kills, rng, steps = size(6, 200), random.Random(0), size(10, 40)
    c = planned(tmp_path / "undisturbed", pretrain_steps=steps, finetune_steps=steps, valid_every=5)
    began = time.monotonic()
    assert not compute(c)
    took = time.monotonic() - began
    expected, stages = (results(tmp_path / "undisturbed"), tables(c)), len(finished(tmp_path / "undisturbed"))
    assert stages >= 24
    hits = lost = rounds = 0
    by = Counter()
    log, started = tmp_path / "log", time.monotonic()
    twice = 0
    while by["time"] < kills:
        rounds += 1
        folder, seen = tmp_path / f"round{rounds}", {}
        log.unlink(missing_ok=True)
        mine = in_store(c, folder)
        while True:
            where, n = rng.choice(["time", "time", "write", "finish"]) if by["time"] < kills else None, rng.randrange(1, 150)
            pid = child(lambda: logged(mine, log, where if where != "time" else None, n))
            status = ended(pid, rng.random() * took / 3 if where == "time" else None)
            if status is None:
                os.kill(pid, signal.SIGKILL)
                status = ended(pid)
            hits += status == -signal.SIGKILL
            by[where] += status == -signal.SIGKILL
            assert status in (0, -signal.SIGKILL), status
            now = finished(folder)
            lost += len(seen.keys() - now.keys())
            twice += sum(now[k] != seen[k] for k in seen.keys() & now.keys())
            seen = now
            if status == 0:
                break
        keys = log.read_text().split()
        twice += len(keys) - len(set(keys))
        assert (results(folder), tables(mine)) == expected
        assert not list(folder.glob("*.partial")) and not list(folder.glob("*.broken-*"))
        assert not list(folder.glob("*/checkpoint-*")) and not list(folder.glob("[0-9a-f]*/.*")), "something that served the work was left"
    measured("kills", stages=stages, kills=hits, at_random_times=by["time"], at_writes=by["write"],
             at_the_end_of_a_stage=by["finish"], rounds=rounds, finished_stages_lost=lost, computed_twice=twice, tables_identical=True,
             seconds=round(time.monotonic() - started))
    assert lost == 0 and twice == 0
