# Written by scripts/stubs: do not edit
from typing import Any
import math, torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import divisor
from .attention import Operation, valid_positions
from .convolution import check_state, only_causal, plain
from .lru import after, full, unrounded
class _ReadAll(Operation):
    """What queries (..., L, d) read, summed over directions; logarithms of the gates, (directions, ..., L)."""

    def forward(ctx, q, k, v, i, f):
        ...

    def backward(ctx, grad):
        ...
def empty_memory(q: Tensor) -> tuple:
    """The memory before anything was written, for queries (B, heads, L, d)."""
    ...
def memory_chunk(q: Tensor, k: Tensor, v: Tensor, i: Tensor, f: Tensor, memory: tuple, back: bool=False) -> tuple:
    """What the queries of a chunk (B, heads, L, d) read, and the memory after it; log gates (B, heads, L)."""
    ...
def memory_step(q: Tensor, k: Tensor, v: Tensor, i: Tensor, f: Tensor, memory: tuple) -> tuple:
    """What a query (B, heads, d) reads, and the memory with its key and value in it; log gates (B, heads, 1)."""
    ...
CHUNK = 128
def read_memory(q: Tensor, k: Tensor, v: Tensor, i: Tensor, f: Tensor) -> Tensor:
    """What queries read, summed over directions; keys and values like queries, log gates (directions, B, heads, L)."""
    ...
class MLSTM(nn.Module):
    """A matrix memory under exponential gates, in both directions unless `causal`; (B, L, d_model) to (B, L, d_model)."""
    n_heads: Any
    causal: bool
    directions: Any
    conv: Any
    qk: Any
    vz: Any
    out: Any
    gates: Any
    norm: Any
    skip: Any
    drop: Any

    def __init__(self, d_model: int, n_heads: int=4, causal: bool=False, dropout: float=0.0):
        ...

    def inputs(self, x: Tensor, real: Tensor | None=None, before: Tensor | None=None) -> tuple:
        """Of x (B, L, D), which is padding where `real` is False; `before` has the three inputs in front of it, else zeros."""
        ...

    def leave(self, h: Tensor, c: Tensor, z: Tensor) -> Tensor:
        """What was read (B, L, heads, d), normalised head by head, and the context past the memory, through the gate."""
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, state: tuple | None=None) -> Tensor | tuple:
        """The output; from a state on, a pair of it and the state after the last position of each sequence."""
        ...

    def convolve(self, wide: Tensor) -> Tensor:
        """The short convolution on the last of four positions, (B, 4, D)."""
        ...

    def init_state(self, B: int) -> tuple:
        ...

    def step(self, x_t: Tensor, state: tuple) -> tuple:
        ...
