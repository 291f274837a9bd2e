"""Stop at a random step and resume: weights, optimiser, random state and the batches that follow are equal bit for bit."""
import hashlib
import random

import pytest
import torch

from spt_nb.core import derive_seed
from spt_nb.models import SequenceModel
from spt_nb.objectives import CausalDenoising, Classification, MaskedDenoising
from spt_nb.training.optimisation import TrainConfig
from spt_nb.tasks import load_task
from spt_nb.training.trainer import Trainer

OBJECTIVES = dict(masked=MaskedDenoising(.15), causal=CausalDenoising(), finetune=Classification())
ARGS = dict(attention=dict(n_heads=2), s4=dict(d_state=8), dlr=dict(d_state=16))
STEPS = 24
RESUMED = []


class Stopped(Exception):
    pass


def trainer(folder, mixer, kind, workers):
    "A small stage with dropout, several epochs, a schedule and a validation now and then."
    folder.mkdir(exist_ok=True)
    task, objective = load_task("copy_match", n_train=70, n_valid=30, n_test=30), OBJECTIVES[kind]
    head = dict(n_outputs=2, vocab_size=task.vocab_size) if kind == "finetune" else dict(head="position", **objective.sizes(task.vocab_size))
    torch.manual_seed(derive_seed(0, 0))
    model = SequenceModel(mixer, 16, 1, mixer_args=ARGS[mixer], ff_expand=2, dropout=.1, causal=kind == "causal", **head)
    return Trainer(model, task, objective, TrainConfig(steps=STEPS, batch_size=16, lr=3e-3, warmup=4, valid_every=7), folder, 0, workers)


def digest(*tensors):
    h = hashlib.sha256()
    for t in tensors:
        h.update(t.detach().contiguous().numpy().tobytes())
    return h.hexdigest()


def run(t, stop_at=None) -> dict:
    "Digests of everything before and after each step; `stop_at`: the process 'dies' before that step, and only what is on disk stays."
    seen, update = {}, t.update

    def watched(inputs, target):
        step = t.at["step"]
        if step == stop_at:
            raise Stopped
        before = digest(torch.get_rng_state(), target, *(x for x in inputs.values() if x is not None))
        found = update(inputs, target)
        state = [v for p in t.opt.param_groups for q in p["params"] for _, v in sorted(t.opt.state[q].items())]
        seen[step] = before, digest(*t.model.state_dict().values()), digest(*state), digest(torch.get_rng_state())
        return found

    t.update = watched
    try:
        t.fit()
    except Stopped:
        pass
    return seen


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", OBJECTIVES)
@pytest.mark.parametrize("mixer", ARGS)
def test_exact_resume(tmp_path, size, mixer, kind, workers):
    whole = run(trainer(tmp_path / "whole", mixer, kind, workers))
    assert sorted(whole) == list(range(STEPS))
    stops = random.Random(f"{mixer} {kind} {workers}").sample(range(1, STEPS), size(2, 10))
    for stop in stops:
        folder = tmp_path / f"stop{stop}"
        first, t = run(trainer(folder, mixer, kind, workers), stop), trainer(folder, mixer, kind, workers)
        t.checkpoint_seconds = 0 if stop % 2 else 20  # a checkpoint at every step, or at validations only
        resumed = run(t)
        assert first == {s: whole[s] for s in first}
        assert resumed == {s: whole[s] for s in resumed} and max(resumed, default=STEPS - 1) == STEPS - 1
        assert first.keys() | resumed.keys() == whole.keys(), "a step was left out"
        for name in ("weights.safetensors", "metrics.json", "history.json"):
            assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    RESUMED.extend((mixer, kind, workers, stop) for stop in stops)


def test_all_were_resumed(measured):
    measured("exact_resume", combinations=len({r[:3] for r in RESUMED}), resumed=len(RESUMED), different=0)
