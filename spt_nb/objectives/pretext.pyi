# Written by scripts/stubs: do not edit
from typing import Any
from dataclasses import InitVar, dataclass
import numpy as np
import torch
import torch.nn.functional as F
from fastcore.basics import patch
from torch import Tensor
from ..core import SptError, uniform
MASK: Any
PAD: Any
def real_positions(x: Tensor, lengths: Tensor | None) -> Tensor:
    """True at real positions, False at padding, (B, L)."""
    ...
def stack_pairs(batch: dict) -> tuple[Tensor, Tensor | None, np.ndarray]:
    """Sequences, lengths, and a number for each that no other sequence of the data set has."""
    ...
class Denoising:
    """What masked and causal denoising share: the model's sizes, the target, and the loss on it."""
    levels: Any
    span: Any
    perfect: Any
    in_batch_negatives: Any

    def sizes(self, vocab_size=None, channels=None) -> dict:
        """The sizes of a model for this objective on sequences of that kind."""
        ...

    def target(self, x: Tensor) -> Tensor:
        """Token ids as they are, values as levels if there are any."""
        ...

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of classes, or absolute error of values (a mean over channels), summed over positions."""
        ...

    def measure(self, output: Tensor, target: Tensor) -> dict:
        """Sums over the targets of one batch."""
        ...

    def summary(self, sums: dict) -> dict:
        """Metrics of a whole set from the sums of its batches."""
        ...

    def monitor(self, metrics: dict) -> float:
        ...
@dataclass(frozen=True)
class MaskedDenoising(Denoising):
    """Hide positions at random and recover them."""
    mask_ratio: float = None
    levels: int | None = None
    span: tuple = (-1.0, 1.0)
    mask_span: int = 1
    ratio: InitVar = None
    extra_channels = 1

    def __post_init__(self, ratio):
        ...

    def chosen(self, number, L: int, seed: int, epoch: int) -> Tensor:
        """Which positions of the numbered sequences are hidden."""
        ...

    def hide(self, x: Tensor, lengths: Tensor | None, number, seed: int, epoch: int) -> tuple[Tensor, Tensor]:
        """Sequences with holes, and where the holes are, (B, L)."""
        ...

    def prepare(self, batch: dict, seed: int, epoch: int) -> tuple[dict, Tensor]:
        """Inputs with holes, and what was there."""
        ...
@dataclass(frozen=True)
class CausalDenoising(Denoising):
    """Predict the next step from those before."""
    levels: int | None = None
    span: tuple = (-1.0, 1.0)
    extra_channels = 0

    def prepare(self, batch: dict, seed: int, epoch: int) -> tuple[dict, Tensor]:
        """The input as it is, and its next steps."""
        ...
def similarity(output: Tensor, temperature: float) -> Tensor:
    """Cosine of each pair of views, over the temperature."""
    ...
@dataclass(frozen=True)
class Contrastive:
    """Hide positions twice, and find the two views of each sequence among all views of the batch."""
    mask_ratio: float
    temperature: float = 0.1
    size: int = 64
    mask_span: int = 1
    head: Any
    extra_channels: Any
    perfect: Any
    in_batch_negatives: Any

    def __post_init__(self):
        ...

    def sizes(self, vocab_size=None, channels=None) -> dict:
        """The sizes of a model for this objective on sequences of that kind."""
        ...

    def prepare(self, batch: dict, seed: int, epoch: int) -> tuple[dict, Tensor]:
        """Two views of every sequence, (2B, L), and the row of each one's partner."""
        ...

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of the partner among all others, summed over the views."""
        ...

    def measure(self, output: Tensor, target: Tensor) -> dict:
        """Sums over the views of one batch."""
        ...

    def summary(self, sums: dict):
        ...

    def monitor(self, metrics: dict) -> float:
        ...
