"""A mixer is tried on nothing longer than the data."""
import json

import pytest
import torch
from torch import nn

from spt_nb.core import SptError
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
