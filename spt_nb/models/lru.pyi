# Written by scripts/stubs: do not edit
from typing import Any
import math
from contextlib import nullcontext
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import SptError, divisor, one_of, whole
from .attention import Operation, valid_positions
from .convolution import TiedDropout, check_state, only_causal
from .hippo import State, as_complex, check_rate, check_state_space, log_uniform, nplr_legs
from .s4d import discretise
class _Scan(Operation):
    """a (L or 1, ...), b (L, ...); (L, ...)."""

    def forward(ctx, a, b, way):
        ...

    def backward(ctx, grad):
        ...
def scan(a: Tensor, b: Tensor, reverse: bool=False, start: Tensor | None=None) -> Tensor:
    """All states of `x_t = a_t x_{t-1} + b_t` or, in `reverse`, `a_t x_{t+1} + b_t`; a broadcasts to b (L, ...)."""
    ...
def into(B: Tensor) -> Tensor:
    """A complex B (N, D) as a real matrix that gives pairs (real, imaginary)."""
    ...
def out_of(C: Tensor) -> Tensor:
    """A complex C (D, N) as a real matrix that takes such pairs and gives real parts."""
    ...
def write(B: Tensor, u: Tensor) -> Tensor:
    """`B u` at every position, for a complex B (N, D) and real u (..., D)."""
    ...
def read(C: Tensor, x: Tensor) -> Tensor:
    """`Re(C x)` at every position, for complex C (D, N) and x (..., N)."""
    ...
def full(x: Tensor) -> Tensor:
    """x in float32 at least."""
    ...
def unrounded(device: str):
    """Out of autocast; free where that is off, since entering it takes as long as a small step."""
    ...
def after(before: Tensor, seen: Tensor, lengths: Tensor | None=None) -> Tensor:
    """The last n of `before` (n, B, ...) followed by `seen` (L, B, ...), or by the first `lengths` (B,) of each row."""
    ...
class SharedStateMixer(nn.Module):
    """One diagonal complex recurrence for all channels; (B, L, d_model) to (B, L, d_model)."""
    causal: bool
    directions: Any
    skip: Any
    drop: Any

    def __init__(self, d_model: int, causal: bool=False, dropout: float=0.0):
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, state: State | None=None, rate: float=1.0) -> Tensor | tuple:
        """The output; from a state on, a pair of it and the state after the last position of each sequence."""
        ...

    def init_state(self, B: int) -> State:
        ...

    def discrete(self, rate: float) -> tuple:
        """lambda, the real rows of B and of C, and the skip connection."""
        ...

    def step(self, x_t: Tensor, state: State, rate: float=1.0) -> tuple:
        ...
def ring(N: int, r_min: float, r_max: float, max_phase: float) -> tuple:
    """Logarithms of decay and angle of N eigenvalues spread evenly over the area of a ring."""
    ...
class LRU(SharedStateMixer):
    """A linear recurrent unit, (B, L, d_model) to (B, L, d_model)."""
    nu: Any
    theta: Any
    gamma: Any
    B: Any
    C: Any
    out: Any
    ssm_parameters: Any

    def __init__(self, d_model: int, d_state: int=64, r_min: float=0.9, r_max: float=0.999, max_phase: float=2 * math.pi, init: str='structured', causal: bool=False, dropout: float=0.0):
        ...

    def system(self, rate: float=1.0) -> tuple:
        ...

    def readout(self, y: Tensor) -> Tensor:
        ...
def hippo_blocks(N: int, J: int, D: int, directions: int=1) -> tuple:
    """Lambda, B and C of J normal HiPPO matrices with N real states in all, with random inputs and outputs."""
    ...
class S5(SharedStateMixer):
    """A state space model with one state for all channels, (B, L, d_model) to (B, L, d_model)."""
    log_neg_re: Any
    im: Any
    B: Any
    C: Any
    log_dt: Any
    gate: Any
    ssm_parameters: Any
    dt_parameters: Any

    def __init__(self, d_model: int, d_state: int=64, n_blocks: int=4, init: str='structured', causal: bool=False, dropout: float=0.0, dt_min: float=0.001, dt_max: float=0.1):
        ...

    def system(self, rate: float=1.0) -> tuple:
        ...

    def readout(self, y: Tensor) -> Tensor:
        ...
