# Written by scripts/stubs: do not edit
from typing import Any
import math, torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import divisor, whole
from .convolution import Operation, chunks
from .hippo import StateSpaceMixer, as_complex, as_row, check_rate, check_state_space, kernel_shape, log_uniform, nplr_legs, shifted, weigh, widened
def bilinear(Lambda: Tensor, P: Tensor, B: Tensor, dt: Tensor) -> tuple:
    """One step, `A x + b u = x + e x - p dot(q, x) + b u`, for a system (..., n) and step sizes (..., H)."""
    ...
class _Doubling(Operation):
    """`r (I + E)^(l/m) x`: E (G, N, N), its first m columns x (G, 1, m, N), rows r (G, R, 1, N); (G, R, L)."""

    def forward(ctx, E, x, r, L):
        ...

    def backward(ctx, grad):
        ...
def dplr_kernel(Lambda: Tensor, P: Tensor, B: Tensor, C: Tensor, dt: Tensor, L: int) -> Tensor:
    """`K[l] = 2 Re(C A^l B)` for the bilinear step of `diag(Lambda) - P P*`; leading axes broadcast."""
    ...
class S4(StateSpaceMixer):
    """A state space that starts as HiPPO-LegS, applied as a long convolution; (B, L, d_model) to (B, L, d_model)."""
    n_modes: Any
    log_neg_re: Any
    im: Any
    P: Any
    B: Any
    C: Any
    log_dt: Any
    ssm_parameters: Any
    dt_parameters: Any

    def __init__(self, d_model: int, d_state: int=64, n_ssm: int | None=None, causal: bool=False, dropout: float=0.0, dt_min: float=0.001, dt_max: float=0.1):
        ...

    def system(self, rate: float=1.0) -> tuple:
        """Lambda, P and B, complex, (n_ssm, n), and the step sizes of their channels, (n_ssm, H/n_ssm)."""
        ...

    def kernel(self, L: int, rate: float=1.0) -> Tensor:
        ...

    def discrete(self, rate: float=1.0) -> tuple:
        """1 + e, p, 2 q as rows, b, and 2 C as rows, for every channel."""
        ...

    def move(self, u_t: Tensor, x: Tensor, a: Tensor, p: Tensor, q: Tensor, b: Tensor, C: Tensor) -> tuple:
        ...

    def carry(self, u: Tensor, state: Tensor, lengths: Tensor | None, rate: float=1.0) -> tuple:
        ...
