"""NaN and infinity in the data, the loss, a gradient or a weight: named for what they are, the best checkpoint stays clean, the rest goes on."""
import math
import random
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from tools import compute, planned

from spt_nb.core import read_json
from spt_nb.models import SequenceModel
from spt_nb.objectives import MaskedDenoising, label_objective
from spt_nb.training.optimisation import TrainConfig
from spt_nb.tasks import load_task
from spt_nb.training.trainer import Trainer

KINDS, MIXERS, VALUES = ("data", "loss", "gradient", "weight"), ("attention", "s4", "dlr"), (math.nan, math.inf, -math.inf)


def inject(t, rng, kind, step, value) -> str:
    "Arrange for the value to turn up in that step; what it should be called."
    update = t.update
    name, p = rng.choice([(n, p) for n, p in t.model.named_parameters() if p.requires_grad])

    def spoiled(inputs, target):
        now = t.at["step"] == step
        if now and kind == "data":
            inputs["x"][0, rng.randrange(inputs["x"].shape[1])] = value
        if now and kind == "weight":
            with torch.no_grad():
                p.view(-1)[rng.randrange(p.numel())] = value
        handle = p.register_hook(lambda g: torch.full_like(g, value)) if now and kind == "gradient" else None
        loss = t.objective.loss
        if now and kind == "loss":
            object.__setattr__(t.objective, "loss", lambda o, y: loss(o, y) * value)
        try:
            return update(inputs, target)
        finally:
            if handle:
                handle.remove()
            if now and kind == "loss":
                object.__delattr__(t.objective, "loss")

    t.update = spoiled
    return dict(data="data (x)", loss="loss (", gradient=f"gradient of {name}", weight=f"weight of {name}")[kind]


def test_injections(tmp_path, size, measured):
    n, rng, named = size(36, 100), random.Random(3), 0
    task = load_task("digits")
    task = replace(task, train=task.train.select(range(60)), valid=task.valid.select(range(20)), test=task.test.select(range(20)))
    for i in range(n):
        kind, mixer, value = KINDS[i % 4], MIXERS[i % 3], rng.choice(VALUES)
        pretraining, step = rng.random() < .5, rng.randrange(0, 12)
        objective = MaskedDenoising(.3) if pretraining else label_objective(task.kind)
        head = dict(head="position", **objective.sizes(channels=1)) if pretraining else dict(n_outputs=task.n_outputs, channels=1)
        torch.manual_seed(i)
        folder = tmp_path / str(i)
        folder.mkdir()
        t = Trainer(SequenceModel(mixer, 16, 1, ff_expand=2, **head), task, objective,
                    TrainConfig(steps=12, batch_size=20, lr=1e-3, valid_every=3), folder, i)
        expected = inject(t, rng, kind, step, value)
        bad = t.fit()["diverged"]
        latest = (step // 3 + 1) * 3 if kind == "weight" else step + 1  # a weight that nothing reads is found at the next validation
        assert bad and step + 1 <= bad["step"] <= latest and bad["tensor"].startswith(expected), (bad, expected, step)
        assert read_json(folder / "metrics.json")["diverged"] == bad
        named += 1
        weights = folder / "weights.safetensors"
        assert weights.exists() == (step >= 3), "weights are kept if and only if a validation came before"
        if weights.exists():
            assert all(w.isfinite().all() for w in safetensors.torch.load_file(weights).values())
    measured("injections", injected=n, named=named, best_checkpoints_clean=True)


def test_the_rest_of_a_grid_goes_on(tmp_path, monkeypatch):
    "One seed of one mixer diverges in pretraining: its cell says so, and all others have their scores."
    c = planned(tmp_path, inits=("scratch", "masked"))
    victim = c.trials["dlr", "masked", 1].candidates[0].pretrain
    update = Trainer.update

    def spoiled(self, *a):
        if victim.hash in str(self.folder) and self.at["step"] == 5:
            with torch.no_grad():
                next(self.model.parameters()).view(-1)[0] = math.nan
        return update(self, *a)

    monkeypatch.setattr(Trainer, "update", spoiled)
    assert compute(c) == {}
    bad = c.rows[c.rows.diverged > 0]
    assert bad[["mixer", "init", "seed"]].values.tolist() == [["dlr", "masked", 1]] and bad.score.isna().all()
    assert c.rows.score.notna().sum() == len(c.rows) - 1 == 7
    assert "1 of 2 diverged" in c.report()
    assert read_json(c.store.path(victim.hash) / "metrics.json")["diverged"]["step"] == 6


@pytest.mark.parametrize("retries", [0, 2])
def test_retry_is_a_choice_and_on_record(tmp_path, retries):
    c = planned(tmp_path, mixers=["dlr"], inits=["scratch"], seeds=1, lrs=1e30, clip=None, retries=retries)
    compute(c)
    assert c.rows.retried.tolist() == [retries] and c.rows.diverged.tolist() == [1]
    assert ("started over" in c.report()) == (retries > 0)
