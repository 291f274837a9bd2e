# Written by scripts/stubs: do not edit
from typing import Any
import inspect
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import SptError, one_of, whole
from .attention import sinusoidal, valid_positions
from .convolution import TiedDropout
from .local_attention import cached
from .mixer import NORMS, WITHIN, HubModel, build_mixer, find_mixer, try_mixer
class Block(nn.Module):
    """A mixer and, if `ff_expand` is not 0, a feed-forward network, each in a residual branch."""
    mixer: nn.Module
    prenorm: Any
    takes: Any
    norm: Any
    ff: Any
    drop: Any
    ff_norm: Any

    def __init__(self, mixer: nn.Module, d_model: int, ff_expand: int=0, norm='layer', prenorm=True, dropout=0.0):
        ...

    def branch(self, x, norm, f, mask):
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, mask: Tensor | None=None, read=None, **options) -> Tensor:
        """Reads with `read` in place of the mixer, if given."""
        ...
def pool(h: Tensor, pooling: str, lengths: Tensor | None=None) -> Tensor:
    """One vector per sequence, the mean, max or last of its real positions (B, L, D)."""
    ...
HEADS: Any
def build_head(head: str, d_model: int, n_outputs: int) -> nn.Module:
    """The layers after the last block, or after pooling."""
    ...
def check_sizes(given: dict):
    """Raise an `SptError` for the first argument of a model, by its name, that is not allowed."""
    ...
_tried: Any
class SequenceModel(nn.Module, HubModel):
    """Embedding, blocks around a mixer, and a head; built from sizes alone."""
    d_model: int
    channels: int | None
    max_length: int | None
    positions: str
    pooling: str
    head_name: str
    encoder: Any
    blocks: Any
    norm: Any
    head: Any
    recover: Any
    position: Any

    def __init__(self, mixer, d_model: int, n_layers: int, n_outputs: int, vocab_size: int | None=None, channels: int | None=None, mixer_args: dict | None=None, head: str='linear', pooling: str='mean', ff_expand: int=0, positions: str='none', position_scale: float=0.02, max_length: int | None=None, norm: str='layer', prenorm: bool=True, dropout: float=0.0, causal: bool=False, recovers: int=0):
        ...

    def embed(self, x: Tensor, first: int | Tensor=0) -> Tensor:
        """Inputs as vectors, with positions, from `first` on, where they are added."""
        ...

    def options(self, rate: float=1.0, **given) -> dict:
        """Further arguments of the mixers; raise an `SptError` unless all take them."""
        ...

    def features(self, x: Tensor, lengths: Tensor | None=None, spare: bool=False, rate: float=1.0) -> Tensor:
        """One vector per position, what the head reads."""
        ...

    def forward(self, x: Tensor, lengths: Tensor | None=None, x2: Tensor | None=None, lengths2: Tensor | None=None, where: Tensor | None=None, spare: bool=False, rate: float=1.0, state=None) -> Tensor:
        """Outputs of the head, and the new state if one is given."""
        ...

    def init_state(self, B: int) -> tuple:
        """The state of a causal model before the first of B sequences; its head is "position"."""
        ...

    def carry(self, h: Tensor, states: list, read, mask: Tensor | None=None) -> tuple:
        """What the blocks and the head give if a mixer reads by `read(mixer, z, state)`."""
        ...

    def read_on(self, x: Tensor, lengths: Tensor | None, state: tuple, rate: float=1.0) -> tuple:
        """Read a chunk after what is in the state."""
        ...

    def step(self, x_t: Tensor, state: tuple, rate: float=1.0) -> tuple:
        """Read one position: tokens (B,) or values (B, channels)."""
        ...

    def parameter_groups(self) -> dict:
        """Parameters with learning rates of their own."""
        ...
def count_parameters(model: nn.Module) -> int:
    """Number of trainable numbers."""
    ...
