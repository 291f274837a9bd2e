"""A process that computes many stages keeps its memory and its files, and the trainer costs little over a bare loop."""
import gc
import os
import statistics
import sys
import time
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from spt_nb.objectives import Classification, MaskedDenoising
from spt_nb.training.optimisation import adamw
from spt_nb.protocol.recipes import recipe
from spt_nb.protocol.stages import TaskSpec
from spt_nb.runs.store import Store
from spt_nb.runs.torchrun import trim_memory
from spt_nb.training.trainer import Steps, Trainer
from spt_nb.protocol.trials import trial
from spt_nb.runs.launch import run_stages

pytestmark = pytest.mark.slow

TINY = dict(d_model=8, n_layers=1, n_heads=2, d_state=4, pretrain_steps=3, finetune_steps=3, valid_every=2, lrs=1e-3, batch_size=8,
            pretrain_batch_size=8)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(i):
    "Three stages: pretraining, fine-tuning and test; tokens, values or pairs, each mixer, masked or causal."
    task, mixer, init = ("dyck", "paths", "chains")[i % 3], ("attention", "dlr", "s4", "s4d")[i % 4], ("masked", "causal")[i % 2]
    r, options = recipe(task, mixer, "smoke", init, **TINY)
    return trial(TaskSpec(name=task, options=options), init, i, r)


def held():
    "Resident memory in bytes, and open files."
    gc.collect()
    trim_memory()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_memory_and_files_stay(tmp_path, size, measured):
    store, found = Store(tmp_path), []
    for i in range(0, size(52, 336), 12):
        assert run_stages([tiny(j) for j in range(i, i + 12)], store, workers=1, quiet=True) == {}
        found.append(held())
    (memory, files), later = found[0], found[1:]
    growth = max(m for m, _ in later) / memory - 1
    measured("endurance", stages=36 * len(found), megabytes=round(memory / 1e6), growth_percent=round(100 * growth, 3), files_opened=max(f for _, f in later) - files)
    assert growth < .05, f"resident memory grew from {memory / 1e6:.0f} MB by {growth:.1%}"
    assert {f for _, f in later} == {files}, "files stay open"


class Turns(Steps):
    "The trainer's own data; before every `n`-th batch, a bare loop does the same `n` steps on batches that are ready."
    n = 2

    def __init__(self, steps, bare):
        self.__dict__.update(steps.__dict__)
        self.bare, self.turns, self.began = bare, [], None

    def __getitem__(self, step):
        if step % self.n == 0:
            now = [time.perf_counter(), time.process_time()]
            trained = self.began and [b - a for a, b in zip(self.began, now)]
            ready = [super(Turns, self).__getitem__(step + i) for i in range(self.n)]
            start = [time.perf_counter(), time.process_time()]
            for inputs, target, _ in ready:
                self.bare(inputs, target)
            self.began = [time.perf_counter(), time.process_time()]
            self.turns.append((trained, [b - a for a, b in zip(start, self.began)]))
        return super().__getitem__(step)


def bare_loop(model, objective, cfg):
    "Forward, backward, clip, step: what nobody can leave out."
    model = deepcopy(model).train()
    opt = adamw(model, cfg)

    def step(inputs, target):
        loss = objective.loss(model(**inputs), target) / max(len(target), 1)
        opt.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), cfg.clip)
        opt.step()
    return step


@pytest.mark.parametrize("what", ["pretraining", "fine-tuning"])
def test_trainer_against_a_bare_loop(what, tmp_path, size, measured):
    "Attention of two layers and 128 channels on 1,024 tokens, eight at a time; the quotient of neighbouring turns, its median and quartiles."
    if not (turns := size(0, 24)):
        pytest.skip("a measurement, not a promise: with --whole")
    spec = TaskSpec(name="dyck", options=dict(length=1024, n_train=400, n_valid=8, n_test=8))
    r, _ = recipe("listops", "attention", "mini", "masked", d_model=128, n_layers=2, batch_size=8, pretrain_batch_size=8,
                  pretrain_steps=Turns.n * turns, finetune_steps=Turns.n * turns, valid_every=10**6, lrs=1e-3)
    stage, task = trial(spec, "masked", 0, r).candidates[0], spec.load()
    stage, objective = (stage.pretrain, MaskedDenoising(.15)) if what == "pretraining" else (stage, Classification())
    model = stage.model.build(0, stage.arguments(task))
    trainer = Trainer(model, task, objective, stage.train, tmp_path, 0)
    trainer.steps = Turns(trainer.steps, bare_loop(model, objective, stage.train))
    trainer.fit()
    pairs = list(zip(trainer.steps.turns[1:], trainer.steps.turns[2:]))  # without the first, which counts operations
    for clock, name in enumerate(("seconds", "processor seconds")):
        # a turn of the trainer lies between two of the bare loop
        over = [100 * (2 * after[0][clock] / (before[1][clock] + after[1][clock]) - 1) for before, after in pairs]
        low, median, high = statistics.quantiles(over, n=4)
        figures = dict(percent_over=round(median, 2), quartiles=[round(low, 2), round(high, 2)], turns=len(over))
        bare = statistics.median(b[1][clock] for b, _ in pairs) / Turns.n
        measured(f"overhead {what}, {name}".replace(" ", "_").replace(",", ""), **figures, bare_seconds_a_step=round(bare, 4))
