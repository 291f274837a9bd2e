# Written by scripts/stubs: do not edit
from typing import Any
from dataclasses import dataclass
import torch.nn.functional as F
from fastcore.basics import patch
from torch import Tensor
from ..core import SptError
from .pretext import MaskedDenoising
class Label:
    """What the objectives of labels share."""
    perfect: Any
    in_batch_negatives: Any

    def prepare(self, batch: dict, seed: int, epoch: int) -> tuple[dict, Tensor]:
        ...

    def monitor(self, metrics: dict) -> float:
        ...
@dataclass(frozen=True)
class Classification(Label):
    """Cross-entropy of the class of a sequence, or of a pair of sequences."""
    perfect = 1.0

    def loss(self, output, target):
        ...

    def measure(self, output, target):
        ...

    def summary(self, sums):
        ...

    def monitor(self, metrics):
        ...
@dataclass(frozen=True)
class Regression(Label):
    """Squared error of one number for each sequence."""

    def loss(self, output, target):
        ...

    def measure(self, output, target):
        ...

    def summary(self, sums: dict) -> dict:
        """Loss (mean squared error), and the share of the variance explained."""
        ...
def forecast_and_future(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The forecast and the future, as the values themselves."""
    ...
@dataclass(frozen=True)
class Forecasting(Label):
    """Squared error of the steps to come, a mean over steps and channels."""

    def loss(self, output, target):
        ...

    def measure(self, output, target):
        """Sums over one batch; `y` and `yy` are kept for every output."""
        ...

    def summary(self, sums: dict) -> dict:
        """Loss (mean squared error), mean absolute error, and the share of the variance explained."""
        ...
def label_objective(kind: str):
    """The supervised objective for that kind of task."""
    ...
@dataclass(frozen=True)
class AuxiliaryDenoising:
    """A share of batches is denoised, the others are labelled."""
    label: object
    denoising: MaskedDenoising
    share: float
    in_batch_negatives = False

    def __post_init__(self):
        ...

    @property
    def perfect(self):
        ...

    def measure(self, output, target):
        ...

    def summary(self, sums):
        ...

    def monitor(self, metrics):
        ...

    def denoises(self, step: int) -> bool:
        ...

    def prepare(self, batch: dict, seed: int, epoch: int) -> tuple[dict, Tensor]:
        """What to recover, or the label."""
        ...

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of what was hidden, or of the label."""
        ...
