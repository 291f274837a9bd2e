# Written by scripts/stubs: do not edit
from typing import Any
import math
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..models.convolution import ConvolutionMixer
def exponential_kernel(Lambda: Tensor, W: Tensor, L: int) -> Tensor:
    """DLR: the real part of the complex product of the weights with all powers."""
    ...
def vandermonde_kernel(Lambda: Tensor, B: Tensor, C: Tensor, dt: Tensor, L: int) -> Tensor:
    """S4D, zero-order hold: the powers of every channel as one array (H, n, L)."""
    ...
def both(z: Tensor) -> Tensor:
    """One of each conjugate pair, (..., n), and then the others."""
    ...
def full_matrices(Lambda: Tensor, P: Tensor, B: Tensor, dt: Tensor) -> tuple:
    """S4's A and B after a bilinear step, as full matrices in float64."""
    ...
def truncated(Lambda: Tensor, P: Tensor, C: Tensor, dt: Tensor, L: int) -> Tensor:
    """The output weights of the generating function cut at length L, in float64: `C (I - A^L)`."""
    ...
def cauchy_kernel(Lambda: Tensor, P: Tensor, B: Tensor, C: Tensor, dt: Tensor, L: int) -> Tensor:
    """S4, bilinear: all Cauchy sums as one array (directions + 1, 2, H, 2n, L/2 + 1), Woodbury, inverse FFT."""
    ...
class PlainConvolution(nn.Module):
    """Our layer around a kernel made the plain way; (B, L, d_model) to (B, L, d_model)."""
    skip: Any
    out: Any

    def __init__(self, ours: ConvolutionMixer, L: int):
        ...

    def convolve(self, u: Tensor) -> Tensor:
        ...

    def leave(self, y: Tensor, x: Tensor) -> Tensor:
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def init_state(self, B: int, history: int=0) -> tuple:
        ...

    def step(self, x_t: Tensor, state: tuple) -> tuple:
        ...
class PlainDLR(PlainConvolution):
    """DLR by the complex product with all powers."""
    r: Any
    theta: Any
    W: Any

    def __init__(self, ours: ConvolutionMixer, L: int):
        ...

    def Lambda(self):
        ...

    def kernel(self, L):
        ...

    def discrete(self):
        ...
class PlainS4D(PlainConvolution):
    """S4D by all powers of every channel."""
    C: Any
    log_dt: Any

    def __init__(self, ours: ConvolutionMixer, L: int):
        ...

    def Lambda(self):
        ...

    def kernel(self, L):
        ...

    def discrete(self):
        ...
class PlainS4(PlainS4D):
    """S4 by Cauchy sums and Woodbury's identity, for the one length it was built for."""
    P: Any
    C: Any

    def __init__(self, ours: ConvolutionMixer, L: int):
        ...

    def kernel(self, L):
        ...

    def discrete(self):
        ...
class PlainWindowConv(PlainConvolution):
    """Free taps on near positions by `conv1d`."""
    taps: Any

    def __init__(self, ours: ConvolutionMixer, L: int):
        ...

    def convolve(self, u):
        ...

    def init_state(self, B: int, history: int=0):
        ...

    def step(self, x_t: Tensor, state: Tensor) -> tuple:
        ...
def rotations(L: int, d: int) -> Tensor:
    """The rotation matrices of all positions and channel pairs."""
    ...
class PlainAttention(nn.Module):
    """Multi-head attention; (B, L, d_model) to (B, L, d_model)."""
    n_heads: Any
    causal: Any
    block: Any
    window: Any
    out: Any
    qkv: Any

    def __init__(self, ours: nn.Module, L: int):
        ...

    def rotate(self, x):
        ...

    def attend(self, q, k, v):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def init_state(self, B: int, history: int=0):
        ...

    def step(self, x_t: Tensor, x: Tensor) -> tuple:
        ...
class SoftmaxAttention(PlainAttention):
    """Scores, softmax and weighted sum as three tensor operations."""

    def attend(self, q, k, v):
        ...
class AlibiAttention(PlainAttention):
    """ALiBi as an array that fused attention adds to the scores."""

    def attend(self, q, k, v):
        ...
class WindowAttention(PlainAttention):
    """Local and sliding attention as one over blocks with a mask, keys and values tripled (doubled if causal)."""

    def attend(self, q, k, v):
        ...
class TorchAttention(nn.Module):
    """`torch.nn.MultiheadAttention` with our weights."""
    attention: Any

    def __init__(self, ours: nn.Module, L: int):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...
