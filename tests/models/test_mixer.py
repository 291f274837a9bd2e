"""A mixer is tried on nothing longer than the data."""
import json

import pytest
import torch
from torch import nn

from spt_nb.core import SptError
from spt_nb.models import Attention, SequenceModel
from spt_nb.models.mixer import MIXERS, build_mixer, try_mixer
from spt_nb.protocol.plan import prepare


class UpTo(nn.Module):
    "Adds learned positions, of which there are `most`."
    def __init__(self, most):
        super().__init__()
        self.positions, self.seen = nn.Parameter(torch.zeros(most, 8)), []

    def forward(self, x):
        self.seen.append(x.shape[1])
        return x + self.positions[:x.shape[1]]


@pytest.mark.parametrize("most, length", [(1, 1), (3, 3), (16, 16), (200, 16)])
def test_a_mixer_is_tried_on_no_more_than_the_longest_sequence(most, length):
    m = UpTo(most)
    try_mixer(m, "mine", 8, causal=True, max_length=most)
    assert set(m.seen) == {length}


@pytest.mark.parametrize("name", MIXERS)
def test_every_mixer_takes_the_shortest_sequences(name):
    m = build_mixer(name, 8, {}, causal=True)
    for L in (1, 2, 3): try_mixer(m, name, 8, causal=True, max_length=L)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_comparison_of_short_sequences_is_prepared(length, tmp_path):
    file = tmp_path / "short.jsonl"
    file.write_text("\n".join(json.dumps(dict(x=[i % 7 / 7] * length, label="ab"[i % 2])) for i in range(60)))
    def plan(*inits): prepare(data=str(file), mixers=["dlr"], inits=inits, seeds=[0], scale="smoke", runs=tmp_path / "runs", quiet=True)
    plan("scratch", "masked")
    if length > 1: return plan("causal")
    with pytest.raises(SptError, match="the longest sequence is 1 long; allowed with objective 'causal': from 2"): plan("causal")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
@pytest.mark.parametrize("name", MIXERS)
def test_a_whole_model_in_another_precision(name, dtype):
    "Kernels and recurrences are computed in float32 at least, so that only the rounding of the weights and of the maps remains."
    torch.manual_seed(0)
    model = SequenceModel(name, 16, 2, 3, vocab_size=9, positions="sinusoidal", norm="batch", ff_expand=2).eval()
    tokens, lengths = torch.randint(0, 9, (2, 24)), torch.tensor([24, 5])
    exact, y = model(tokens, lengths), model.to(dtype)(tokens, lengths)
    assert y.dtype == dtype and (y - exact).abs().max() < 100*max(torch.finfo(dtype).eps, 1e-7)**.9*exact.abs().max()
    y.float().sum().backward()
    assert all(p.dtype == p.grad.dtype == dtype and p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@pytest.mark.slow
@pytest.mark.parametrize("options", [dict(rotary=True), dict(rotary=True, causal=True), dict(rotary=True, block=4)], ids=str)
def test_attention_with_rotary_positions_compiles_and_exports(options):
    torch.manual_seed(0)
    m, x = Attention(16, **options), torch.randn(2, 12, 16, requires_grad=True)
    y = torch.compile(m, backend="aot_eager", fullgraph=True)(x)
    assert (y - m(x)).abs().max() < 1e-6*m(x).abs().max() + 1e-7
    slopes = [torch.autograd.grad(z.square().sum(), x)[0] for z in (y, m(x))]
    assert torch.allclose(*slopes, atol=1e-5)
    assert torch.allclose(torch.export.export(m.eval(), (x.detach(),)).module()(x.detach()), m(x), atol=1e-6)


class Draws(nn.Linear):
    "A mixer that draws random numbers in evaluation too."
    def forward(self, x):
        return super().forward(x) + torch.randn_like(x)


def test_the_first_model_around_a_mixer_is_the_second():
    def built():
        torch.manual_seed(0)
        return SequenceModel(Draws, 8, 1, 2, vocab_size=9, mixer_args=dict(out_features=8)).head.weight
    assert torch.equal(built(), built())
