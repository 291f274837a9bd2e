"""The contract of a mixer: every kind of fault is named by its own line, and only by that."""

import subprocess, sys

import pytest
import torch
from torch import nn

from spt_nb.bench.contract import contract

pytestmark = pytest.mark.slow


class Line(nn.Linear):
    def __init__(self, d_model): super().__init__(d_model, d_model)


class Wide(nn.Linear):
    def __init__(self, d_model): super().__init__(d_model, d_model + 1)


class Tuple(nn.GRU):
    def __init__(self, d_model): super().__init__(d_model, d_model, batch_first=True)


class Fixed(Line):
    def forward(self, x): return super().forward(x) + torch.zeros(16, 1)


class Double(Line):
    def forward(self, x): return super().forward(x).double()


class Broken(Line):
    def forward(self, x): return super().forward(x)/0


class InPlace(Line):
    def forward(self, x): return super().forward(x.add_(1))


class Noisy(Line):
    def forward(self, x): return super().forward(x) + .1*torch.randn(x.shape)


class Crowd(Line):
    def forward(self, x): return super().forward(x - x.mean(0, keepdim=True))


class BatchNorm(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        self.norm = nn.BatchNorm1d(d_model)

    def forward(self, x): return super().forward(self.norm(x.mT).mT)


class Deaf(Line):
    "It takes the lengths and does not listen."
    def forward(self, x, lengths=None): return super().forward(x + x.mean(1, keepdim=True))


class Ahead(Line):
    def __init__(self, d_model, causal=False): super().__init__(d_model)
    def forward(self, x): return super().forward(x + torch.cat([x[:, 1:], 0*x[:, :1]], 1))


class Unused(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        self.scale = nn.Parameter(torch.ones(d_model))


class Outside(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        self.shift = torch.randn(d_model)

    def forward(self, x): return super().forward(x) + self.shift


class Unseeded(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        nn.init.normal_(self.weight, generator=torch.Generator().manual_seed(int(torch.seed() % 2**62)))


class Lazy(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        self.more = nn.LazyLinear(d_model)


class Growing(Line):
    def __init__(self, d_model):
        super().__init__(d_model)
        self.register_buffer("seen", torch.zeros(0))

    def forward(self, x):
        if self.training: self.seen = torch.cat([self.seen, x.detach().mean()[None]])
        return super().forward(x)


class Misnamed(Line):
    ssm_parameters = ("A",)


@pytest.mark.parametrize("mixer, line", [(Wide, "shape"), (Tuple, "shape"), (Fixed, "shape"), (Double, "shape"), (Broken, "finite"), (InPlace, "input"),
    (Noisy, "same output twice"), (Crowd, "sequences apart"), (BatchNorm, "sequences apart"), (Deaf, "padding"), (Ahead, "causal"), (Unused, "gradient"),
    (Outside, "state_dict"), (Unseeded, "same seed"), (Misnamed, "learning rates"), (Lazy, "built"), (Growing, "trains")])
def test_a_fault_has_its_line(mixer, line):
    c = contract(mixer, 16, 32, seconds=0)
    assert [f.what for f in c.failed] == [line], str(c)
    assert line in c.reason and "\n" not in c.reason


def test_only_a_notice():
    c = contract(Line, 16, 32, seconds=0)
    assert c.ok and [f.what for f in c if f.ok is False] == ["reach"]


def test_the_command_says_why(tmp_path):
    (tmp_path/"mine.py").write_text("from torch import nn\nclass Wide(nn.Linear):\n    def __init__(self, d_model): super().__init__(d_model, 1)\n")
    code = "import sys; from spt_nb.cli import main; sys.exit(main())"
    p = subprocess.run([sys.executable, "-c", code, "contract", "mine.py:Wide", "--seconds", "0"], cwd=tmp_path, capture_output=True, text=True)
    assert p.returncode == 1 and p.stderr.startswith("spt: shape: ") and p.stderr.count("\n") == 1
