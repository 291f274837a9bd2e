"""What lies around a layer: steps for every mixer, a bare loop that takes the trainer's steps, and the start of a worker."""
import copy
import itertools

import pytest
import torch

from spt_nb.bench.recurrences import build
from spt_nb.bench.measure import CURVES
from spt_nb.bench.throughput import MIXERS, bare_loop, decoding, random_task, start
from spt_nb.bench.workloads import LINES
from spt_nb.models import SequenceModel
from spt_nb.models import mixer
from spt_nb.objectives import MaskedDenoising
from spt_nb.tasks.batches import Split
from spt_nb.training.optimisation import TrainConfig
from spt_nb.training.trainer import Trainer


@pytest.mark.parametrize("names", (MIXERS, CURVES), ids=("steps", "curves"))
def test_every_mixer_of_the_library_is_measured(names):
    assert {type(LINES[n].build(8, 16)) for n in names} == set(mixer.MIXERS.values())


@pytest.mark.parametrize("name", MIXERS)
def test_a_reference_walks_where_the_layer_walks(name):
    "Both are timed on the same outputs: after some zeros, as in the rows of steps."
    ours, plain = (build(LINES[name], 32, which, causal=True).double().eval() for which in ("ours", "reference"))
    x = torch.randn(2, 6, 128, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        states, apart = [ours.init_state(2), plain.init_state(2)], 0
        for x_t in x.unbind(1):
            (y, z), states = zip(*(m.step(x_t, s) for m, s in zip((ours, plain), states)))
            apart = max(apart, ((y - z).abs().max() / y.abs().max()).item())
    assert apart < 1e-6


def test_a_row_has_its_history():
    row = decoding("transformer", 2, 0, history=16, tokens=2)
    assert row["batch"] == 2 and row["ours"] > 0 and row["faster_low"] <= row["faster"] <= row["faster_high"]


def test_the_bare_loop_takes_the_steps_of_the_trainer(tmp_path):
    "The same batches, masks and updates: else their times say nothing."
    task, objective, cfg = random_task(16, "tokens", 40), MaskedDenoising(.3), TrainConfig(steps=4, batch_size=8, lr=1e-2, schedule="constant", clip=1.)
    torch.manual_seed(0)
    model = SequenceModel("dlr", 16, 1, head="position", mixer_args=dict(d_state=8), **objective.sizes(task.vocab_size))
    bare, first = copy.deepcopy(model), copy.deepcopy(model.state_dict())
    Trainer(model, task, objective, cfg, tmp_path, 0).fit()
    list(itertools.islice(bare_loop(bare, Split(task.train), objective, cfg), cfg.steps + 1))
    for name, p in model.named_parameters():
        assert torch.allclose(p, bare.state_dict()[name], atol=1e-5), name
        assert not torch.equal(p, first[name]), name


@pytest.mark.slow
def test_the_start_of_a_worker():
    row = start(0, least=1).iloc[0]
    assert row.turns == 1 and 0 < row.ours and 0 < row.reference
