"""One stage by one, two or three processes: the same batches, masks, validation, gradients and curves; and stopping, killing and failing."""
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.utils import gather_object
from helpers import RESULTS, alive, steps_done

from spt_nb.training.evaluation import evaluate
from spt_nb.models import SequenceModel
from spt_nb.objectives import Classification, MaskedDenoising
from spt_nb.training.optimisation import TrainConfig
from spt_nb.protocol.stages import Finetune, ModelSpec, Pretrain, TaskSpec, Trial
from spt_nb.runs.store import Store
from spt_nb.tasks.batches import in_memory, table
from spt_nb.tasks.task import Task
from spt_nb.runs.torchrun import obtain_together, run_stage
from spt_nb.training.trainer import Steps, Trainer

pytestmark = pytest.mark.slow


# --- What is compared. Every process runs this; the main one leaves what was found in a file.

def ragged(kind, n_train, n_valid=9, channels=None, seed=0):
    "A task whose sequences are 3 to 12 long."
    rng = np.random.default_rng(seed)

    def split(n):
        def column():
            lengths = rng.integers(3, 13, n)
            return (rng.normal(size=(lengths.sum(), channels)).astype(np.float32) if channels else rng.integers(4, 9, lengths.sum())), lengths
        x2 = dict(x2=column()) if kind == "matching" else {}
        return in_memory(table(x=column(), y=rng.integers(0, 2, n), **x2))
    sizes = dict(modality="values", channels=channels) if channels else dict(modality="tokens", vocab_size=9)
    return Task(name="ragged", kind=kind, length=12, n_outputs=2, train=split(n_train), valid=split(n_valid), test=split(3), **sizes)


def model(mixer, norm, **kw):
    torch.manual_seed(0)
    args = dict(attention=dict(n_heads=2), dlr=dict(d_state=8), s4=dict(d_state=8))[mixer]
    return SequenceModel(mixer, 8, 2, mixer_args=args, norm=norm, **{"n_outputs": 2, "vocab_size": 9} | kw)


CASES = {  # Batches of 8; 17 examples leave a batch of one, the third
    "attention": lambda: (model("attention", "layer", ff_expand=2), ragged("classification", 17), Classification()),
    "s4": lambda: (model("s4", "batch", head="position", n_outputs=9), ragged("classification", 17, n_valid=40), MaskedDenoising(.3)),
    "matching": lambda: (model("dlr", "batch", head="match"), ragged("matching", 33, n_valid=3), Classification()),
}
TRAIN = TrainConfig(steps=30, batch_size=8, lr=3e-3, warmup=5, clip=1., valid_every=5)


def shared_out(steps, step):
    "The real part of every row of a batch and of its mask, put together from all processes."
    inputs, target, tokens = steps[step]
    rows = [] if "spare" in inputs else [tuple(x[i, :n].tolist() for x in (inputs["x"], *([inputs["where"]] if "where" in inputs else [])))
        for i, n in enumerate(inputs["lengths"].tolist() if inputs.get("lengths") is not None else [inputs["x"].shape[1]]*len(inputs["x"]))]
    parts = gather_object([(steps.rank, rows, len(target))])
    parts = [p[1] for p in sorted(parts)], sum(p[2] for p in parts)
    longest = max(map(len, parts[0]))
    return [rows[i] for i in range(longest) for rows in parts[0] if i < len(rows)], parts[1], tokens


def case(name, folder):
    "Batches, validation, gradients and curve of one case; and whether a run that was cut in two ends with the same bits."
    m, task, objective = CASES[name]()
    t = Trainer(m, task, objective, TRAIN, folder / name, 0)
    (folder / name).mkdir(parents=True, exist_ok=True)
    found = dict(valid=evaluate(m, t.valid, objective, 8), gradients=[])
    if name != "matching":  # whose rows are pairs
        found["batches"] = hashlib.sha256(repr([shared_out(t.steps, s) for s in range(5)]).encode()).hexdigest()

    def keep(*_):
        if t.at["step"] in (0, 2):
            found["gradients"].append({n: p.grad.clone() for n, p in t.model.named_parameters()})
    t.opt.register_step_pre_hook(keep)
    found["metrics"] = t.fit()
    found["history"] = t.at["history"]
    found["running"] = {k: v.clone() for k, v in t.model.named_buffers()}
    found["weights"] = {k: v.clone() for k, v in t.model.named_parameters()}
    found["bits_resumed"] = name == "matching" or cut(name, folder / f"{name}-cut") == [(folder / name / f).read_bytes() for f in RESULTS]
    return found


def cut(name, folder):
    "The results of a stage that the last process is asked to stop after step 7, and that then goes on."
    folder.mkdir(parents=True, exist_ok=True)
    t = Trainer(*CASES[name](), TRAIN, folder, 0)

    def ask(*_):
        if t.at["step"] == 6 and t.acc.process_index == t.acc.num_processes - 1:
            signal.raise_signal(signal.SIGINT)
    t.opt.register_step_pre_hook(ask)
    with pytest.raises(KeyboardInterrupt):
        t.fit()
    assert t.at["step"] == 7
    Trainer(*CASES[name](), TRAIN, folder, 0).fit()
    return [(folder / f).read_bytes() for f in RESULTS]


class Spoiled(Steps):
    "A value of the last process is not a number in step 4."
    def __getitem__(self, step):
        inputs, target, tokens = super().__getitem__(step)
        if step == 3 and self.rank == self.world - 1:
            inputs["x"][0, 0] = float("nan")
        return inputs, target, tokens


def diverges(folder):
    "What all processes say about a value that is not a number."
    folder.mkdir(parents=True, exist_ok=True)
    task = ragged("classification", 16, channels=1)
    t = Trainer(model("s4", "batch", vocab_size=None, channels=1), task, Classification(), TRAIN.but(retries=1), folder, 0)
    t.steps.__class__ = Spoiled
    metrics = t.fit()
    return gather_object([(metrics["diverged"], metrics["retried"])])


# A fine-tuning after its pretraining, and its test; without dropout, whose random numbers depend on the number of processes.
DATA = TaskSpec(name="copy_match", options=dict(n_train=130, n_valid=20, n_test=21))
FIRST = Pretrain(task=DATA, model=ModelSpec(mixer="s4", d_model=8, n_layers=1, mixer_args=dict(d_state=8), norm="batch"),
                 train=TrainConfig(steps=80, batch_size=16, lr=3e-3, valid_every=20), seed=0, mask_ratio=.3)
STAGE = Trial(candidates=[Finetune(**dict(task=DATA, model=FIRST.model, train=FIRST.train.but(steps=20, valid_every=5), seed=0, pretrain=FIRST))])


def find(out: Path):
    found = {name: case(name, out) for name in CASES} | dict(diverged=diverges(out / "diverged"))
    if int(os.environ.get("RANK", 0)) == 0:
        torch.save(found, out / "found.pt")
    if int(os.environ.get("WORLD_SIZE", 1)) < 3:
        obtain_together(STAGE, out / "runs")
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    find(Path(sys.argv[1]))
    os._exit(0)


# --- The tests.

def launched(out, processes):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", processes, __file__, out]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, env=os.environ | dict(PYTHONPATH=path))
    assert done.returncode == 0, done.stderr
    return torch.load(out / "found.pt", weights_only=True)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone")
    return find(out), Store(out / "runs")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    out = tmp_path_factory.mktemp("two")
    return launched(out, 2), Store(out / "runs")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    out = tmp_path_factory.mktemp("three")
    return launched(out, 3), None


def furthest(a: dict, b: dict) -> float:
    "The largest distance of two lists of tensors, relative to the largest number in them."
    assert a.keys() == b.keys()
    size = max(v.abs().max().item() for v in a.values())
    return max((a[k] - b[k]).abs().max().item() for k in a)/size


@pytest.mark.parametrize("processes", ["two", "three"])
def test_same_as_one_process(alone, processes, request, measured):
    one, several = alone[0], request.getfixturevalue(processes)[0]
    for name in CASES:
        a, b = one[name], several[name]
        assert a.get("batches") == b.get("batches"), "batches and masks"
        assert a["bits_resumed"] and b["bits_resumed"], "stopped and gone on"
        for k in a["valid"]:
            assert abs(a["valid"][k] - b["valid"][k]) <= 1e-6, k
        figures = dict(gradients=max(furthest(p, q) for p, q in zip(a["gradients"], b["gradients"], strict=True)))
        assert figures["gradients"] < 1e-5
        figures["curve"] = max(abs(p[k] - q[k]) for p, q in zip(a["history"], b["history"], strict=True) for k in ("train_loss", "loss"))
        assert figures["curve"] < 1e-4
        figures["weights"] = furthest(a["weights"], b["weights"])
        if a["running"]:
            figures["running"] = furthest(*({k: v.double() for k, v in x["running"].items()} for x in (a, b)))
            assert figures["running"] < 1e-4
        assert a["metrics"]["tokens"] == b["metrics"]["tokens"]
        measured(f"{processes} {name}", **{k: f"{v:.1e}" for k, v in figures.items()})


@pytest.mark.parametrize("processes", ["alone", "two", "three"])
def test_divergence_is_one_decision(processes, request):
    said = request.getfixturevalue(processes)[0]["diverged"]
    assert len(said) == dict(alone=1, two=2, three=3)[processes]
    assert all(s == (dict(step=4, tensor="data (x)"), [dict(step=4, tensor="data (x)")]) for s in map(tuple, said))


def test_stages_in_the_store(alone, two):
    "Pretraining, fine-tuning and test: the same files, the same numbers."
    one, several = alone[1], two[1]
    for s in (FIRST, *STAGE.candidates, STAGE):
        a, b = one.path(s.hash), several.path(s.hash)
        assert several.ready(s.hash)
        assert {p.name for p in a.iterdir()} == {p.name for p in b.iterdir()}
        for name in ("config.json", "model.json", "ledger.json"):
            assert not (a / name).exists() or (a / name).read_bytes() == (b / name).read_bytes()
        if s is not STAGE:
            for p, q in zip(*(json.loads((f / "history.json").read_text()) for f in (a, b)), strict=True):
                assert all(abs(p[k] - q[k]) < 1e-4 for k in p)
    a, b = (pd.read_parquet(s.path(STAGE.hash) / "test.parquet") for s in (one, several))
    pd.testing.assert_frame_equal(a, b)


def test_stop_kill_and_go_on(two, tmp_path, monkeypatch):
    "Ctrl-C, then kill -9 of torchrun, then to the end: all processes leave each time, and the bits are those of an undisturbed run."
    mark, store = str(uuid.uuid4()), Store(tmp_path)
    monkeypatch.setenv("SPT_TEST", mark)
    partial = store.partial(FIRST.hash)

    def past(step):
        end = time.time() + 120
        while steps_done(partial) <= step and time.time() < end:
            time.sleep(.02)
        return alive(mark)

    def gone():
        end = time.time() + 20
        while alive(mark) and time.time() < end:
            time.sleep(.1)
        return not alive(mark)

    code = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"sys.path[:0] = {[str(p) for p in Path(__file__).parents[:2]]!r}\nfrom test_processes import *\nrun_stage(FIRST, Store(sys.argv[1]), 2, quiet=True)")
    p = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE, text=True)
    past(0)
    p.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in p.communicate()[1] and gone(), "a process outlived Ctrl-C"
    assert list(partial.glob("checkpoint-*")) and not store.path(FIRST.hash).exists()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(run_stage, FIRST, store, 2, quiet=True)
        torchrun = next(pid for pid in past(steps_done(partial)) if b"torch.distributed.run" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(torchrun, signal.SIGKILL)
        assert "ended with status -9" in str(run.exception()) and gone(), "a process outlived torchrun"
    assert not store.path(FIRST.hash).exists()
    folder = run_stage(FIRST, store, 2, quiet=True)
    for name in RESULTS:
        assert (folder / name).read_bytes() == (two[1].path(FIRST.hash) / name).read_bytes(), name


def test_failure_is_said(tmp_path):
    with pytest.raises(ValueError, match="allowed: another"):
        run_stage(FIRST.but(task=DATA.but(fingerprint="another")), Store(tmp_path), 1, quiet=True)
