# Written by scripts/stubs: do not edit
from typing import Any
import itertools
from functools import lru_cache, wraps
from importlib import import_module
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import Tensor
from ..core import SptError, whole
def alibi_slopes(heads: int) -> Tensor:
    """What each head subtracts from a score for every position of distance."""
    ...
def cached(maxsize: int):
    """Keep the latest constants that a function makes, except while torch compiles: then they have no numbers."""
    ...
def distance_bias(n, m, offset, causal, window, heads, device, dtype):
    """For n queries, the first `offset` positions behind the first of m keys; (heads, n, m), no slopes if `heads` is 0."""
    ...
_flash: Any
_flash_backward: Any
class _FirstOnly(torch.autograd.Function):
    """Gradients as they are, which refuse to be differentiated."""

    @staticmethod
    def forward(ctx, name, instead, anchor, *grads):
        ...

    @staticmethod
    def backward(ctx, *_):
        ...
class Operation(torch.autograd.Function):
    """A `forward(ctx, ...)` with a `backward(ctx, ...)` that has no derivative; `instead` says what to do without it."""
    instead = 'differences of first derivatives'

    def __init_subclass__(cls):
        ...

    @classmethod
    def apply(cls, *args):
        ...
class _CPUAttend(Operation):
    """Attention of each window to its keys, merged from pieces without a mask."""
    instead = 'under torch.nn.attention.sdpa_kernel(SDPBackend.MATH)'

    def forward(ctx, q, k, v, windows, causal):
        ...

    def backward(ctx, g):
        ...
def block_attention(q: Tensor, k: Tensor, v: Tensor, block: int, causal: bool=False, lengths: Tensor | None=None, alibi: bool=False) -> Tensor:
    """Attention of each block to itself, the block before and, unless causal, the block after."""
    ...
SHORTEST = 128
class _Band:
    """Where the blocks of queries are, the stretch of keys around each, and what is hidden."""
    n: Any
    L: Any
    window: Any
    block: Any
    count: Any
    width: Any
    before: Any
    after: Any
    hidden: Any
    bias: Any

    def __init__(self, q, k, window, causal, alibi, block):
        ...

    def blocks(self, x):
        ...

    def keys(self, x):
        ...

    def stretches(self, keys):
        ...

    def chunks(self, blocks, keys):
        """Where some blocks are, the part of their stretches that has keys, the bias, and both of each array, (-1, rows, d)."""
        ...
class _WindowAttend(Operation):
    """Attention of each block to its stretch."""
    instead: Any

    def forward(ctx, q, k, v, band):
        ...

    def backward(ctx, g):
        ...
def window_attention(q: Tensor, k: Tensor, v: Tensor, window: int, causal: bool=False, lengths: Tensor | None=None, alibi: bool=False) -> Tensor:
    """Attention of each position to those at most `window` away."""
    ...
