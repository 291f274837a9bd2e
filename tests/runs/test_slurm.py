"""A grid on a real Slurm, started here for the purpose: left, attached to, a job requeued and one preempted in the middle."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import steps_done
from test_launch import ctrl_c, grid, interrupt_when_at_work, results  # noqa: F401

from spt_nb.runs.launch import alive, job_folder, run_stages
from spt_nb.runs.store import Store
from spt_nb.runs.progress import plan

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "slurm.sh"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    "A Slurm of one node with two cores."
    missing = [p for p in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(p)]
    if missing or os.getuid():
        pytest.skip(f"no Slurm can be started here: {', '.join(missing) or 'not root'}")
    folder = tmp_path / "slurm"
    try:
        started = subprocess.run([SCRIPT, "start", folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
        if started.returncode:
            pytest.skip(f"no Slurm can be started here: {started.stderr.strip()}")
        monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        yield
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True)


def finished(store):
    return {p.parent.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in store.folder.glob("*/manifest.json") if "." not in p.parent.name}


def test_requeued_and_preempted(tmp_path, slurm, ctrl_c, caplog):  # noqa: F811
    stages, here, store = grid(4, steps=100), Store(tmp_path / "here"), Store(tmp_path / "runs")
    everything, options = plan(stages), dict(timeout_min=10, slurm_partition="main")
    assert len(everything) == 12
    assert run_stages(stages, here, 1, quiet=True) == {}
    folder = job_folder(everything, store, "slurm")

    interrupt_when_at_work(stages, store)
    with pytest.raises(KeyboardInterrupt):
        run_stages(stages, store, 2, quiet=True, cluster="slurm", cluster_options=options)
    note = json.loads((folder / "jobs.json").read_text())
    job, = note["jobs"]
    assert f"to cancel them: scancel {job}; the same command" in caplog.text
    assert alive(note, folder) == [job]
    before = finished(store)
    under_way = [s.hash for s in everything if steps_done(store.partial(s.hash))]

    subprocess.run(["scontrol", "requeue", f"{job}_0"], check=True)
    subprocess.run(["scancel", "--signal=TERM", f"{job}_1"], check=True)  # what preemption sends first; the job is still running
    assert run_stages(stages, store, 2, cluster="slurm", cluster_options=options) == {}
    assert f"goes on with slurm jobs {job}" in caplog.text
    assert json.loads((folder / "jobs.json").read_text()) == note, "a second set of jobs was submitted"

    after = finished(store)
    assert set(after) == {s.hash for s in everything} and len(after) == 12
    assert {k: after[k] for k in before} == before, "a finished stage was computed again"
    assert not list(store.folder.glob("*.partial")) and not list(store.folder.glob("*.broken-*"))
    logs = {p.parent.name: p.read_text() for p in store.folder.glob("*/log.txt")}
    assert len(logs) == 8 and all(log.count("done after") == 1 for log in logs.values()), "a stage was computed twice"
    assert any("goes on from step" in logs[k] for k in under_way), "nothing was taken up"
    assert results(stages, store) == results(stages, here)
