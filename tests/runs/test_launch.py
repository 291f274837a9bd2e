"""Jobs on this machine that outlive the program that started them: attached to again, killed, refused when the request is wrong."""
import json
import os
import shutil
import signal
import threading
import time

import psutil
import pytest
from helpers import RESULTS, steps_done

from spt_nb.runs.launch import alive, job_folder, job_script, run_stages
from spt_nb.core import SptError
from spt_nb.protocol import TaskSpec, trial
from spt_nb.protocol.recipes import recipe
from spt_nb.runs.store import Store
from spt_nb.runs.progress import plan

pytestmark = pytest.mark.slow


def grid(seeds, steps=60, **options):
    "Small trials of pretraining, fine-tuning and test: three stages for every seed."
    r, task = recipe("copy_match", "dlr", "smoke", pretrain_steps=steps, finetune_steps=steps, valid_every=20, d_model=32, lrs=1e-3, **options)
    spec = TaskSpec(name="copy_match", options=task | dict(n_train=500))
    return [trial(spec, "masked", seed, r) for seed in range(seeds)]


def results(stages, store):
    "The bytes of all results."
    names = *RESULTS, "test.parquet"
    return {(s.hash, n): (store.path(s.hash) / n).read_bytes() for s in plan(stages) for n in names if (store.path(s.hash) / n).exists()}


def at_work(stages, store, steps=5):
    "Wait until a stage is under way."
    end = time.time() + 60
    while not any(steps_done(store.partial(s.hash)) >= steps for s in plan(stages)) and time.time() < end:
        time.sleep(.05)


def interrupt_when_at_work(stages, store):
    "Ctrl-C for this program once a job works."
    def wait():
        at_work(stages, store)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=wait, daemon=True).start()


@pytest.fixture
def ctrl_c():
    "Hear Ctrl-C, even where the shell that started the tests has it ignored."
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def end(note, folder):
    "End jobs of this machine with all their processes."
    for i in alive(note, folder):
        job = psutil.Process(int(i))
        for p in [*job.children(recursive=True), job]:
            p.kill()


def test_left_and_attached_again(tmp_path, ctrl_c, caplog):
    caplog.set_level("INFO", "spt_nb")
    stages, store = grid(2, steps=120), Store(tmp_path / "runs")
    other = stages[0].candidates[0]
    other = other.but(task=other.task.but(fingerprint="other"))  # it fails, and says so
    stages.append(other)
    folder = job_folder(plan(stages), store, "local")
    interrupt_when_at_work(stages, store)
    with pytest.raises(KeyboardInterrupt):
        run_stages(stages, store, 2, quiet=True, cluster="local")
    note = json.loads((folder / "jobs.json").read_text())
    try:
        assert f"to cancel them: kill {' '.join(note['jobs'])}; the same command waits for them again" in caplog.text
        assert alive(note, folder) == note["jobs"] and len(note["jobs"]) == 2
        assert oct(folder.stat().st_mode & 0o777) == oct(folder.parent.stat().st_mode & 0o777) == "0o700"
        failed = run_stages(stages, store, 2, cluster="local")
        assert list(failed) == [other.hash] and "with which this stage began" in failed[other.hash]
        assert f"goes on with local jobs {', '.join(note['jobs'])}" in caplog.text
        assert json.loads((folder / "jobs.json").read_text()) == note, "a second set of jobs was submitted"
    finally:
        end(note, folder)
    here = Store(tmp_path / "here")
    assert run_stages(stages[:2], here, 1, quiet=True) == {}
    assert results(stages, store) == results(stages, here)


def test_cancelled(tmp_path):
    stages, store = grid(1, steps=2000), Store(tmp_path)
    folder = job_folder(plan(stages), store, "local")

    def cancel():
        at_work(stages, store)
        os.kill(int(json.loads((folder / "jobs.json").read_text())["jobs"][0]), signal.SIGTERM)
    threading.Thread(target=cancel, daemon=True).start()
    failed = run_stages(stages, store, 1, quiet=True, cluster="local")
    pre, fine, test = plan(stages)
    assert failed == {pre.hash: f"its worker died; logs: {folder}", fine.hash: f"needs {pre.title}", test.hash: f"needs {fine.title}"}
    saved = [int(p.name.split("-")[1]) for p in store.partial(pre.hash).glob("checkpoint-*")]
    assert max(saved) >= steps_done(store.partial(pre.hash)) > 0, "it stopped without a checkpoint"


@pytest.mark.parametrize("wrong, message", [
    (dict(cluster="k8s"), "cluster is 'k8s'; allowed: None, local, slurm"),
    (dict(cluster="slurm"), "cluster is 'slurm'; allowed: None, local, as this machine has no sbatch"),
    (dict(cluster="local", cluster_options=dict(partition="gpu")), "cluster option is 'partition'; allowed: name, "),
    (dict(cluster="local", cluster_options=dict(slurm_partition=["gpu"])), "slurm_partition is ['gpu']; allowed: a number, a text, True or False"),
    (dict(cluster="local", cluster_options=dict(note=5)), "note is 5; allowed: a text"),
    (dict(cluster="local", cluster_options=dict(mem_gb="8G")), "mem_gb is '8G'; allowed: a number"),
    (dict(cluster="local", cluster_options=dict(slurm_array_parallelism="x")), "slurm_array_parallelism is 'x'; allowed: a whole number"),
    (dict(cluster_options=dict(timeout_min=5)), "cluster is None; allowed: local, slurm, as there are cluster options (timeout_min)"),
    (dict(processes=0), "processes is 0; allowed: a whole number, 1 or more"),
])
def test_wrong_request(tmp_path, monkeypatch, wrong, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SptError) as e:
        run_stages(grid(1), Store(tmp_path), quiet=True, **wrong)
    assert str(e.value).startswith(message) and "\n" not in str(e.value)
    assert not (tmp_path / ".jobs").exists()


def test_script_without_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    text = job_script(grid(2), Store(tmp_path), 3, processes=2, slurm_partition="gpu", mem_gb=8, timeout_min=90)
    for line in ("array=0-2%3", "partition=gpu", "mem=8GB", "time=90", "cpus-per-task=2"):
        assert f"#SBATCH --{line}\n" in text
    command = text.splitlines()[-1]
    assert command.startswith("srun") and "--cpus-per-task=2" in command


def test_folder_of_someone_else(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".jobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SptError, match="belongs to you"):
        run_stages(grid(1), store, 1, quiet=True, cluster="local")
    shutil.rmtree(tmp_path / "elsewhere")


def test_a_joint_run_is_called_so():
    from spt_nb.protocol.specs import ModelSpec, TaskSpec
    from spt_nb.protocol.stages import Auxiliary, Finetune
    from spt_nb.runs.launch import run_name
    from spt_nb.training.optimisation import TrainConfig
    joint = Finetune(task=TaskSpec(name="copy_match"), model=ModelSpec(mixer="dlr", d_model=8, n_layers=1), seed=0,
                     train=TrainConfig(steps=1, batch_size=1, lr=1e-3, valid_every=1), auxiliary=Auxiliary(mask_ratio=.2, share=.5))
    assert run_name(joint.model_dump(mode="json")).startswith("copy_match-dlr-joint-finetune-seed0")
