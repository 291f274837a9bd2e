# Written by scripts/stubs: do not edit
from typing import Any
from functools import reduce
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import divisor, whole
from .attention import Operation, valid_positions
from .convolution import TiedDropout, check_state, only_causal
from .hippo import check_rate
from .lru import after, full, scan, unrounded
class _Taps(Operation):
    """u (L, B, D), taps at distances 0, 1, ... (width, D), bias (D,), side: past (1) or future (-1); (L, B, D)."""

    def forward(ctx, u, taps, bias, side):
        ...

    def backward(ctx, grad):
        ...
def short_conv(u: Tensor, taps: Tensor, bias: Tensor, reverse: bool=False, before: Tensor | None=None) -> Tensor:
    """Inputs u (L, B, D), zero at padding, with taps (width, D), the last on the present."""
    ...
class GatedMixer(nn.Module):
    """A recurrence behind a short convolution, times a gate; (B, L, d_model) to (B, L, d_model)."""
    causal: bool
    directions: Any
    drop: Any
    inp: Any
    out: Any

    def __init__(self, d_model: int, width: int, causal: bool, dropout: float, bias: bool=True):
        ...

    def branches(self, x: Tensor) -> tuple:
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, state: tuple | None=None, rate: float=1.0) -> Tensor | tuple:
        """The output; from a state on, a pair of it and the state after the last position of each sequence."""
        ...

    def init_state(self, B: int) -> tuple:
        """The state before the first input: h (B, ...) and earlier inputs (width - 1, B, channels)."""
        ...

    def step(self, x_t: Tensor, state: tuple, rate: float=1.0) -> tuple:
        ...
C = 8.0
def full_decay(Lambda: Tensor, rate: float=1.0) -> Tensor:
    ...
def decay(r: Tensor, log_a: Tensor) -> tuple:
    """What a gate r from 0 to 1 keeps of the state and, squared, the scale of what comes in; log_a for r = 1."""
    ...
def intake(z: Tensor, u: Tensor, log_a: Tensor) -> tuple:
    """Of recurrence and input gates (heads, M, 2, d), inputs u (M, heads, d) and log_a (heads, d)."""
    ...
class _Intake(Operation):
    """What `intake` does."""

    def forward(ctx, z, u, log_a):
        ...

    def backward(ctx, da, db):
        ...
class RGLRU(GatedMixer):
    """Griffin's recurrent block, (B, L, d_model) to (B, L, d_model)."""
    state: Any
    taps: Any
    taps_bias: Any
    gates: Any
    gates_bias: Any
    Lambda: Any
    ssm_parameters: Any
    activate: Any

    def __init__(self, d_model: int, n_heads: int=4, width: int=4, causal: bool=False, dropout: float=0.0):
        ...

    def branches(self, x: Tensor) -> tuple:
        ...

    def gated(self, u: Tensor, way: int, rate: float=1.0, intake=intake) -> tuple:
        """a and b of `h_t = a_t h_{t-1} + b_t`, like u (..., B, d_model), forwards (`way` 0) or backwards (1)."""
        ...

    def directed(self, u: Tensor, real: Tensor | None, way: int, rate: float, h=None, before=None) -> tuple:
        ...

    def advance(self, u_t: Tensor, h: Tensor, rate: float) -> tuple:
        ...
