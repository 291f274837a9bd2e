"""SIGKILL at random moments of a grid: no finished stage is lost, none is computed twice, and the tables are the same to the byte."""
import os
import random
import signal
import time

from tools import child, compute, ended, finished, in_store, planned, results, tables

from spt_nb.store import Store


def logged(c, log, kill_at=None):
    "Compute a comparison, noting every stage that is finished; `kill_at`: end by SIGKILL at that many renames of files."
    renames, replace, finish = [0], os.replace, Store._finish

    def counted(*args, **kw):
        before = random.random() < .5
        renames[0] += 1
        if before and renames[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*args, **kw)
        if not before and renames[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def noted(store, key):
        path = finish(store, key)
        fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, f"{key}\n".encode())
        os.close(fd)
        return path

    os.replace, Store._finish = counted, noted
    return len(compute(c))


def test_kills(tmp_path, size, measured):
    kills, rng = size(16, 200), random.Random(0)
    c = planned(tmp_path / "undisturbed")
    began = time.monotonic()
    assert not compute(c)
    took = time.monotonic() - began
    expected, stages = (results(tmp_path / "undisturbed"), tables(c)), len(finished(tmp_path / "undisturbed"))
    assert stages >= 24
    hits = lost = rounds = 0
    log, started = tmp_path / "log", time.monotonic()
    twice = 0
    while hits < kills:
        rounds += 1
        folder, seen = tmp_path / f"round{rounds}", {}
        log.unlink(missing_ok=True)
        mine = in_store(c, folder)
        while True:
            aimed = rng.random() < .4
            n = rng.randrange(1, 60)
            random.seed(rng.random())
            pid = child(lambda: logged(mine, log, n if aimed and hits < kills else None))
            status = ended(pid, None if aimed or hits >= kills else rng.random() * took / 3)
            if status is None:
                os.kill(pid, signal.SIGKILL)
                status = ended(pid)
            hits += status == -signal.SIGKILL
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
    measured("kills", stages=stages, kills=hits, rounds=rounds, finished_stages_lost=lost, computed_twice=twice, tables_identical=True,
             seconds=round(time.monotonic() - started))
    assert lost == 0 and twice == 0
