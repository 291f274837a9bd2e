"""Workers are forks of a server: a stage in one may fork and use threads, one that is killed is named, and the server is not needed any more."""
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from spt_nb.runs import workers
from spt_nb.runs.store import Store
from spt_nb.config import Config
from spt_nb.runs.workers import fork_server, spread, start_worker, write_job

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere workers and loaders are not forked")


class Forks(Config):
    title: str = "a stage that forks"
    needs: tuple = ()
    steps: int = 0
    number: int = 0

    def obtain(self, store, wait=True):
        return store.obtain(self, self.compute, wait)

    def compute(self, folder):
        p = multiprocessing.get_context("fork").Process(target=int)
        p.start()
        p.join(20)
        (folder/"exitcode").write_text(str(p.exitcode))
        p.kill()
        x = torch.ones(400, 400, requires_grad=True)
        (x@x).exp().sum().backward()
        (folder/"threads").write_text(str(torch.get_num_threads()))


class Kills(Forks):
    title: str = "a stage that kills its worker, or the server"
    server: bool

    def compute(self, folder):
        os.kill(os.getppid() if self.server else os.getpid(), signal.SIGKILL)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return Store(tmp_path)


def test_a_stage_in_a_command_may_fork(store, tmp_path):
    write_job(tmp_path/"plan.json", [Forks()], store, "", 1, 1)
    p = start_worker(tmp_path/"plan.json", {"SPT_PIPE": "1"}, stdin=subprocess.PIPE)
    try: assert p.wait(60) == 0
    finally: p.stdin.close()
    assert (store.path(Forks().hash)/"exitcode").read_text() == "0", "the forked process never began"


@pytest.mark.slow
def test_workers_of_a_server(store, monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 8)
    stages = [Forks(number=i) for i in range(3)]
    assert spread(stages, store, "1", 2, 1) == {}
    assert [(store.path(s.hash)/f).read_text() for s in stages for f in ("exitcode", "threads")] == ["0", "4"]*3
    server = fork_server().process.pid
    assert list(spread([Kills(server=False)], store, "2", 1, 1).values()) == ["its worker died"]
    assert fork_server().process.pid == server, "the same server serves the next plan"
    assert spread([Kills(server=True), Forks(number=4)], store, "3", 2, 1) == {}, "workers outlive their server"
    end = time.time() + 10
    while (again := fork_server().process.pid) == server and time.time() < end: time.sleep(.1)
    assert again != server
