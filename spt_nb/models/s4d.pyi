# Written by scripts/stubs: do not edit
from typing import Any
import torch
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import divisor, one_of, whole
from .convolution import Operation, chunks
from .hippo import DIAGONAL_INITS, PER_STEP, StateSpaceMixer, as_complex, as_row, check_rate, check_state_space, diagonal_init, kernel_shape, log_uniform, shifted, weigh
METHODS: Any
def discretise(Lambda: Tensor, B: Tensor, dt: Tensor, method: str='zoh') -> tuple:
    """What one step multiplies each state by, and what it adds per unit of input."""
    ...
def two_level(L: int) -> tuple:
    """T, a power of two, and A, both near the root of L, such that L <= A*T."""
    ...
def powers(z: Tensor, n: int) -> Tensor:
    """`z**0` to `z**(n-1)` of complex z (...)."""
    ...
class _ModeSum(Operation):
    """`Re sum_n W[g, d, n] z[g, n]**l`, W (G, D, n), z (G, n) complex128; (D, G, L)."""

    def forward(ctx, z, W, L):
        ...

    def backward(ctx, grad):
        ...
def mode_sum(z: Tensor, W: Tensor, L: int) -> Tensor:
    """`Re sum_n W_n z_n**l` for l = 0 to L-1; z, complex128, broadcasts to the shape (..., n) of W."""
    ...
def diagonal_kernel(Lambda: Tensor, B: Tensor, C: Tensor, dt: Tensor, L: int, method: str='zoh') -> Tensor:
    """`2 Re sum_n C_n Bbar_n Abar_n**l` for l = 0 to L-1; leading axes broadcast."""
    ...
class S4D(StateSpaceMixer):
    """A diagonal state space model, applied as a long convolution; (B, L, d_model) to (B, L, d_model)."""
    init: str
    method: str
    n_modes: Any
    log_neg_re: Any
    im: Any
    B: Any
    C: Any
    log_dt: Any
    ssm_parameters: Any
    dt_parameters: Any

    def __init__(self, d_model: int, d_state: int=64, n_ssm: int | None=None, init: str='lin', method: str='zoh', causal: bool=False, dropout: float=0.0, dt_min: float=0.001, dt_max: float=0.1):
        ...

    def continuous(self, rate: float=1.0) -> tuple:
        """The system before it is discretised, for `s` copies and the channels of each."""
        ...

    def kernel(self, L: int, rate: float=1.0) -> Tensor:
        ...

    def discrete(self, rate: float=1.0) -> tuple:
        """Abar and Bbar of every channel, (d_model, n), and 2 C as rows."""
        ...

    def move(self, u_t: Tensor, x: Tensor, Abar: Tensor, Bbar: Tensor, C: Tensor) -> tuple:
        ...

    def carry(self, u: Tensor, state: Tensor, lengths: Tensor | None, rate: float=1.0) -> tuple:
        ...
def memory(z: Tensor, u: Tensor) -> Tensor:
    """`sum_j z**(L-1-j) u_j`, complex z (G, n) and inputs (G, R, L)."""
    ...
