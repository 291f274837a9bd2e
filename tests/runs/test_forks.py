"""A stage in a worker may start processes of its own, as one does to prepare batches for a GPU, while the worker waits for its parent to leave."""
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from spt_nb.runs.store import Store
from spt_nb.config import Config
from spt_nb.runs.workers import start_worker, write_job


class Forks(Config):
    title: str = "a stage that forks"
    needs: tuple = ()
    steps: int = 0

    def obtain(self, store, wait=True):
        p = multiprocessing.get_context("fork").Process(target=int)
        p.start()
        p.join(20)
        (Path(store.folder)/"exitcode").write_text(str(p.exitcode))
        p.kill()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere loaders are not forked")
def test_a_stage_in_a_worker_may_fork(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    write_job(tmp_path/"plan.json", [Forks()], Store(tmp_path), "", 1, 1)
    p = start_worker(tmp_path/"plan.json", {"SPT_PIPE": "1"}, stdin=subprocess.PIPE)
    try: assert p.wait(60) == 0
    finally: p.stdin.close()
    assert (tmp_path/"exitcode").read_text() == "0", "the forked process never began"
