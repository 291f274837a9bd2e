# Written by scripts/stubs: do not edit
from typing import Any
import math, torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import whole
from .hippo import log_uniform
from .attention import Operation
from .lru import full
from .rglru import GatedMixer, short_conv
class _Piece:
    """Decays and states of a piece of T positions; A (N, E), b sequences."""
    T: Any
    A: Any
    A2: Any
    a: Any
    hs: Any
    steps: Any

    def __init__(self, A, L, b):
        ...

    def walk(self, dt, u, B, h):
        """Decays (T, b, N, E) and, from h on, states (1 + T, b, N, E) of a piece, which may be shorter."""
        ...
class _PieceBack(_Piece):
    """A piece with room for the gradients of its states and of A."""
    dA: Any
    back: Any

    def __init__(self, A, L, b):
        ...

    def gradients(self, own, grad, carry, x, dt, B, C, h):
        """Those of x, dt, B and C are written into `own`, and what reaches the piece before into `carry`."""
        ...
class _Selective(Operation):
    """x and dt (L, b, E), A (N, E), B and C (L, b, N), D (E,), h (b, N, E); (L, b, E) and the last h."""

    def forward(ctx, x, dt, A, B, C, D, h):
        ...

    def backward(ctx, grad, carry):
        ...
def selective_scan(x: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, h: Tensor | None=None) -> Tensor | tuple:
    """Outputs (L, b, E) for inputs and step sizes (L, b, E), rates (N, E), B and C (L, b, N), skip connection (E,)."""
    ...
class Mamba(GatedMixer):
    """Mamba's block, (B, L, d_model) to (B, L, d_model)."""
    state: Any
    taps: Any
    taps_bias: Any
    select: Any
    dt_weight: Any
    dt_bias: Any
    A_log: Any
    skip: Any
    ssm_parameters: Any
    dt_parameters: Any
    activate: Any

    def __init__(self, d_model: int, d_state: int=16, expand: int=2, width: int=4, dt_rank: int | None=None, causal: bool=False, dropout: float=0.0):
        ...

    def selected(self, u: Tensor, way: int, rate: float=1.0) -> tuple:
        """What a direction, forwards (`way` 0) or backwards (1), chooses for inputs (..., E)."""
        ...

    def directed(self, u: Tensor, real: Tensor | None, way: int, rate: float, h=None, before=None) -> tuple:
        ...

    def advance(self, u_t: Tensor, h: Tensor, rate: float) -> tuple:
        ...
