# Written by scripts/stubs: do not edit
from typing import Any
from copy import deepcopy
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..models.backbone import Block
def loop(a: Tensor, b: Tensor) -> Tensor:
    """All states, one position after the other."""
    ...
def associative(a: Tensor, b: Tensor) -> Tensor:
    """All states, in rounds that reach twice as far each (Hillis and Steele)."""
    ...
FEW: Any
def plain_scan(a: Tensor, b: Tensor, reverse: bool=False) -> Tensor:
    """All states of `x_t = a_t x_{t-1} + b_t` the faster way; in `reverse` from the end."""
    ...
class PlainLRU(nn.Module):
    """LRU by a scan over complex states for each direction; (B, L, d_model) to (B, L, d_model)."""
    ours: Any

    def __init__(self, ours: nn.Module, L: int):
        ...

    def system(self):
        ...

    def leave(self, y):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def init_state(self, B: int, history: int=0):
        ...

    def step(self, x_t: Tensor, state: tuple) -> tuple:
        ...
class PlainS5(PlainLRU):
    """S5, discretised by zero-order hold."""

    def system(self):
        ...

    def leave(self, y):
        ...
class PlainGated(nn.Module):
    """A recurrence behind a short convolution, times a gate; (B, L, d_model) to (B, L, d_model)."""
    ours: Any

    def __init__(self, ours: nn.Module, L: int):
        ...

    def short(self, u, way):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def init_state(self, B: int, history: int=0) -> tuple:
        ...

    def step(self, x_t: Tensor, state: tuple) -> tuple:
        ...
class PlainRGLRU(PlainGated):
    """Griffin's recurrence."""

    def recur(self, u, way, scan):
        ...
class PlainMamba(PlainGated):
    """Mamba's selective state space."""

    def recur(self, u, way, scan):
        ...
class PlainMLSTM(nn.Module):
    """mLSTM in parallel, with all L x L decays; (B, L, d_model) to (B, L, d_model)."""
    ours: Any

    def __init__(self, ours: nn.Module, L: int):
        ...

    def read(self, q, k, v, i, f, back):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def init_state(self, B: int, history: int=0) -> tuple:
        ...

    def step(self, x_t: Tensor, state: tuple) -> tuple:
        ...
def build(line, L: int, which: str, device: str='cpu', **options) -> nn.Module:
    """The mixer of a line of the bench; ours and the reference have the same weights."""
    ...
def training_step(line, mixer: nn.Module, L: int, device: str='cpu', bf16: bool | None=None):
    """What is timed: forward, backward, update; under bfloat16 autocast, by default on a GPU."""
    ...
def kernel_step(mixer: nn.Module, L: int, backward: bool=True):
    """The kernel alone, with gradients of all its parameters if `backward`."""
    ...
def kernel_error(mixer: nn.Module, exact: torch.Tensor, L: int) -> float:
    """The largest difference from the kernel computed in float64, divided by its largest value."""
    ...
