# Written by scripts/stubs: do not edit
from typing import Any
import contextlib, torch, torch.nn.functional as F, torch.utils.module_tracker as track
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import SptError, whole
from .attention import Operation, valid_positions
from .local_attention import cached
def chunks(n: int, each: int, device: torch.device, cpu: int=18, gpu: int=28, least: int=1) -> list:
    """Slices of n rows of `each` numbers that fit a cache, 2^cpu numbers, or a part of the memory of a GPU, 2^gpu."""
    ...
class _LongConv(Operation):
    """Input (H, B, L), kernels (H, Lk), skip connection (H), points of the circle; (H, B, L)."""

    def forward(ctx, u, k, k_back, skip, n):
        ...

    def backward(ctx, grad):
        ...
def fast_length(n: int) -> int:
    """The smallest multiple of 32 that is a product of 2, 3 and 5 and at least n."""
    ...
def long_conv(u: Tensor, k: Tensor, k_back: Tensor | None=None, skip: Tensor | None=None) -> Tensor:
    """Linear convolution of every channel with its own long kernel, in O(L log L)."""
    ...
class TiedDropout(nn.Module):
    """Dropout with one mask per sequence and channel, shared over time; (B, L, D) or (B, D)."""
    p: Any

    def __init__(self, p: float=0.0):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...
_GLOBAL: Any
def plain(module: nn.Module, kind: type=nn.Linear) -> bool:
    """True for a module of exactly this class, with ordinary parameters and no hooks: its `forward` need not be called."""
    ...
class _Turn(Operation):
    """The transpose of a matrix, as a copy in both passes."""

    def forward(ctx, x):
        ...

    def backward(ctx, grad):
        ...
class _Readout(Operation):
    """`glu(W (drop*gelu(y)) + b)`: y (H, B L), drop (H, B) or None, W (2 H, H), b (2 H); (B L, H)."""

    def forward(ctx, y, drop, W, bias, L):
        ...

    def backward(ctx, grad):
        ...
class ConvolutionMixer(nn.Module):
    """A long convolution per channel, GELU, and a gated linear map; (B, L, d_model) to (B, L, d_model)."""
    causal: bool
    directions: Any
    drop: Any
    skip: Any
    out: Any
    ssm_parameters: Any
    dt_parameters: Any

    def __init__(self, d_model: int, causal: bool=False, dropout: float=0.0):
        ...

    def convolve(self, u: Tensor, **rate) -> Tensor:
        """The convolution and the skip connection."""
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, state=None):
        ...

    def gated(self, z: Tensor) -> Tensor:
        ...

    def readout(self, y: Tensor) -> Tensor:
        """GELU, dropout, the linear map and the gate, for outputs of the convolution (B, d_model, L)."""
        ...

    def step(self, x_t: Tensor, state, **rate) -> tuple:
        """One position of a causal layer: input (B, d_model) and state to output (B, d_model) and state."""
        ...

    def mix(self, x: Tensor, lengths: Tensor | None, state, **rate):
        """The output for input (B, L, d_model) or, given a state, the output and the state after each sequence."""
        ...
def only_causal(mixer: nn.Module, when: str='step by step'):
    """Raise an `SptError` if a mixer reads later positions."""
    ...
def check_state(mixer: nn.Module, n: int, B: int):
    """Raise an `SptError` unless the mixer is causal and its state is of as many sequences as the input."""
    ...
class WindowConv(ConvolutionMixer):
    """A convolution with free taps on the nearest positions; (B, L, d_model) to (B, L, d_model)."""
    window: Any
    taps: Any

    def __init__(self, d_model: int, window: int=4, causal: bool=False, dropout: float=0.0):
        ...

    def kernel(self, L: int) -> Tensor:
        """Kernels of length L, (directions, d_model, L), zero out of reach and on the present."""
        ...

    def row(self) -> Tensor:
        """The taps from the farthest past to the farthest future."""
        ...

    def convolve(self, u: Tensor) -> Tensor:
        ...

    def init_state(self, B: int) -> Tensor:
        """The inputs before the first, all zero, the latest first, (B, d_model, window)."""
        ...

    def advance(self, u_t: Tensor, state: Tensor) -> tuple:
        ...

    def carry(self, u: Tensor, state: Tensor, lengths: Tensor | None) -> tuple:
        """What earlier inputs add to the outputs for u (B, d_model, L), and the last inputs."""
        ...
