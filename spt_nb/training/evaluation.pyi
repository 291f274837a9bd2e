# Written by scripts/stubs: do not edit
from typing import Any
from ..tasks.batches import Split, collate, eval_batches
import logging, math
from pathlib import Path
import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object, send_to_device
from fastcore.basics import patch
from ..core import brief
from ..objectives.labels import forecast_and_future
from ..runs.launch import log_target, open_run
from ..runs.store import peek
from ..runs.torchrun import accelerator
def forward(model, inputs: dict, precision: str='fp32'):
    """The model's output; with bf16, its matrix products and attention are computed in bfloat16."""
    ...
POSITIONS: Any
def evaluate(model, split: Split, objective, batch_size: int, acc: Accelerator | None=None, precision: str='fp32', each=None) -> dict:
    """The objective's metrics over a whole split."""
    ...
def answers(model, split: Split, objective, batch_size: int, precision: str='fp32') -> tuple[dict, dict]:
    """The metrics of a model with labels on a split, and its answer to every example."""
    ...
def floor_of(y) -> float:
    """The accuracy of always giving the most frequent of these labels."""
    ...
def balanced_accuracy(y, prediction) -> float:
    """The share of right answers within each class of `y`, a mean over classes."""
    ...
def macro_f1(y, prediction) -> float:
    """The F1 score of each class that is in `y` or was predicted, a mean over classes."""
    ...
def auroc(y, probability) -> float | None:
    """The area under the ROC curve; of more than two classes, one against the rest and a mean over classes."""
    ...
FLOORLESS: Any
def score_names(kind: str) -> tuple:
    ...
def scores(kind: str, y, prediction, probability=None, unit: float=1.0) -> dict:
    """The scores of a test set in addition to accuracy or R2."""
    ...
def not_told_apart(table) -> list[str]:
    """A notice of the cells that are not told apart from a constant answer, if there are any."""
    ...
def in_words(table, task) -> list[str]:
    """Which cell is best, by how much, and whether that may be luck, for readers who do not read tables."""
    ...
def aligned(cells: list[list[str]]) -> list[str]:
    """A table as lines of text."""
    ...
def beside_simple_models(table) -> list[str]:
    """What each pretraining reached beside simple models."""
    ...
def further_scores(table, task) -> dict:
    """What a printed table shows in addition to accuracy or R2."""
    ...
def first_bad(model, inputs: dict, target, loss: float) -> str:
    """The first thing in a step that is not finite, by its name."""
    ...
class Curves:
    """The curves of one stage for a tool, if `log_to` names one; a tool that fails stops no training."""
    stage: Any
    folder: Path
    round: Any
    run: Any
    target: Any
    last: Any

    def __init__(self, folder: Path, steps: int):
        ...

    def write(self, at: dict, lr: float):
        """Send what is known at this step."""
        ...

    def close(self):
        ...

    def call(self, f, *args):
        """What a function of the tool returns; None if it fails, and then there are no more curves."""
        ...
def curve_points(at: dict) -> dict:
    """The numbers of a step; those of a validation only if it was at this step."""
    ...
