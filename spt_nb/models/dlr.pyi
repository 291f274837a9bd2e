# Written by scripts/stubs: do not edit
from typing import Any
import math, torch
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import SptError, one_of, whole
from .convolution import Operation, chunks
from .hippo import StateSpaceMixer, as_complex, as_row, check_rate, shifted, weigh
from .s4d import memory, powers, two_level
class _SharedModes(Operation):
    """`Re sum_n W[m, n] exp(Lambda[n] l)`, W (M, N), Lambda (N,) complex128; (M, L)."""

    def forward(ctx, Lambda, W, L):
        ...

    def backward(ctx, grad):
        ...
def dlr_kernel(Lambda: Tensor, W: Tensor, L: int) -> Tensor:
    """`Re sum_n W[..., h, n] exp(Lambda[n] l)` for l = 0 to L-1."""
    ...
class DLR(StateSpaceMixer):
    """A diagonal linear RNN, applied as a long convolution; (B, L, d_model) to (B, L, d_model)."""
    n_modes: int
    r: Any
    theta: Any
    W: Any
    ssm_parameters: Any

    def __init__(self, d_model: int, d_state: int=1024, init: str='structured', causal: bool=False, dropout: float=0.0):
        ...

    def Lambda(self, rate: float=1.0) -> Tensor:
        ...

    def kernel(self, L: int, rate: float=1.0) -> Tensor:
        ...

    def discrete(self, rate: float=1.0) -> tuple:
        """The eigenvalues of a step, and W as rows."""
        ...

    def move(self, u_t: Tensor, x: Tensor, lam: Tensor, W: Tensor) -> tuple:
        ...

    def carry(self, u: Tensor, state: Tensor, lengths: Tensor | None, rate: float=1.0) -> tuple:
        ...
