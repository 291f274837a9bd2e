# Written by scripts/stubs: do not edit
from typing import Any
import math, platform, time
from contextlib import closing
from pathlib import Path
from ..core import replacing, write_json
import safetensors.torch
import torch
from accelerate.utils import broadcast_object_list, gather_object, send_to_device
from fastcore.basics import patch
from torch.nn.utils import clip_grad_norm_, clip_grads_with_norm_, get_total_norm
from torch.utils.data import DataLoader
from ..runs.torchrun import accelerator, load_checkpoint, save_checkpoint, stop_between_steps
from ..tasks.batches import Split
from .evaluation import Curves, evaluate, first_bad, forward
from .optimisation import Flops, Steps, TrainConfig, adamw, converged, flops, lr_factor
CAUSES: Any
FIRST: Any
class Trainer:
    """One stage of training in one folder."""
    acc: Any
    model: Any
    objective: Any
    cfg: TrainConfig
    folder: Any
    seed: int
    opt: Any
    valid: Any
    params: Any
    steps: Any
    curves: Any
    loader_workers: Any
    at: Any
    best: Any
    checkpoint_seconds = 20

    def __init__(self, model, task, objective, cfg: TrainConfig, folder, seed: int, loader_workers: int | None=None):
        ...

    def update(self, inputs, target):
        """One step of the optimiser; a description of what diverged, or None."""
        ...

    def totals(self, *xs) -> list[float]:
        """Numbers, or scalar tensors, summed over processes."""
        ...

    def count(self, inputs, f):
        """`f()`; its operations are counted, or only its positions."""
        ...

    def validate(self):
        """Judge the weights on the validation split; add a line to the history; keep the best."""
        ...

    def over(self) -> bool:
        """Is there nothing left to do?"""
        ...

    def save(self):
        """Write a checkpoint."""
        ...

    def resume(self):
        """Take up the newest checkpoint, if there is one; the main process reads it for all."""
        ...

    def run(self, asked):
        ...

    def start_over(self, first: dict):
        """Back to the first weights, at half the learning rate."""
        ...

    def fit(self) -> dict:
        """Train from where the folder stands to the end, and leave weights, metrics, history, timing and a log there."""
        ...

    def show(self):
        """Leave a note of how far the stage is."""
        ...

    def log(self, text: str):
        """A line in the log of the stage."""
        ...

    def finish(self) -> dict:
        """Write the results."""
        ...
def bare_loop(model, batches, objective, cfg: TrainConfig):
    """The same updates without a trainer, at a constant rate."""
    ...
