# Written by scripts/stubs: do not edit
from typing import Any
from dataclasses import dataclass
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import SptError, divisor, whole
from .local_attention import SHORTEST, Operation, block_attention, cached, distance_bias, window_attention
def valid_positions(lengths: Tensor, L: int) -> Tensor:
    """True where a position is not padding, for the length of each sequence, (B,)."""
    ...
def sinusoidal(L: int, d: int) -> Tensor:
    """The fixed code of L positions in d channels."""
    ...
def rotary(x: Tensor, positions: Tensor | None=None) -> Tensor:
    """Turn adjacent channel pairs by angles proportional to their positions."""
    ...
class _SplitHeads(torch.autograd.Function):
    """Turned queries, turned keys and values, each (B, heads, L, d), from (B, L, 3, heads, d)."""

    @staticmethod
    def forward(ctx, qkv, turn):
        ...

    @staticmethod
    def backward(ctx, *grads):
        ...
class _JoinHeads(torch.autograd.Function):
    """Back to (B, L, 3, heads, d)."""

    @staticmethod
    def forward(ctx, q, k, v, turn):
        ...

    @staticmethod
    def backward(ctx, grad):
        ...
class Attention(nn.Module):
    """Multi-head softmax attention, (B, L, d_model) to (B, L, d_model)."""
    n_heads: int
    causal: bool
    rotary: bool
    block: int | None
    alibi: bool
    window: int | None
    qkv: Any
    out: Any

    def __init__(self, d_model: int, n_heads: int=4, causal: bool=False, rotary: bool=True, block: int | None=None, alibi: bool=False, window: int | None=None):
        ...

    def heads(self, x: Tensor, first: int=0) -> tuple:
        """Queries, keys and values, each (B, heads, L, d), of the positions from `first` on."""
        ...

    def bias(self, rows: slice, L: int, like: Tensor) -> Tensor:
        """What distance adds to the scores of the queries in `rows`."""
        ...

    def mask(self, q: Tensor, lengths: Tensor | None) -> Tensor | None:
        """Which scores the fused attention lowers or hides, broadcastable to (B, heads, L, L), apart from `causal`."""
        ...

    def attend(self, q: Tensor, k: Tensor, v: Tensor, lengths: Tensor | None) -> Tensor:
        """What each query reads."""
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, state: 'Cache|None'=None):
        ...

    def init_state(self, B: int) -> Cache:
        """The state before the first of B sequences."""
        ...

    def read_on(self, x: Tensor, lengths: Tensor | None, state: Cache) -> tuple:
        """Read a chunk after what is in the state."""
        ...

    def attend_last(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What the last L positions read of all keys in sight."""
        ...

    def step(self, x_t: Tensor, state: Cache) -> tuple:
        """One position of a causal layer: (B, d_model) and the state."""
        ...
@dataclass
class Cache:
    """What a causal layer has read."""
    kv: Tensor
    stop: int = 0
    length: int = 0
    free: bool = True

    def add(self, k: Tensor, v: Tensor, keep: int):
        """A cache with new keys and values, (B, heads, L, d), behind the latest `keep`."""
        ...
