# Written by scripts/stubs: do not edit
from typing import Any
import functools
from collections import Counter
from pathlib import Path
from typing import Literal
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.torch
from fastcore.basics import patch
from pydantic import Field
from ..config import Config
from ..core import SptError, read_json, replacing, write_json
from ..training.evaluation import answers, scores
from ..models.language import spelled, take_lm, text_ids, transfer_text
from ..models.weights import transfer
from ..runs.store import numerics
from ..objectives.labels import AuxiliaryDenoising, label_objective
from ..training.optimisation import TrainConfig
from .specs import Denoising, ModelSpec, TaskSpec
from ..runs.store import Store
from ..tasks.batches import Split
from ..training.trainer import Trainer
class Stage(Config):
    """A unit of work: computed once, and found by the hash of its configuration."""
    numerics: dict[str, int] = Field(default_factory=numerics)

    @property
    def needs(self) -> tuple:
        ...

    @property
    def steps(self) -> int:
        ...

    def obtain(self, store: Store, wait: bool=True) -> Path:
        """The finished stage; what it needs is looked up in the same store, and computed if missing."""
        ...
class Pretrain(Stage, Denoising):
    """Learn from the training inputs of the task, without labels."""
    kind: Literal['pretrain'] = 'pretrain'
    task: TaskSpec
    model: ModelSpec
    train: TrainConfig
    seed: int
    objective: Literal['masked', 'causal', 'contrastive'] = 'masked'
    mask_span: int = _later(1, ge=1)
    pooling: str = _later('mean')

    @property
    def title(self):
        ...

    @property
    def readout(self) -> dict:
        """The kind of head: one vector for a sequence, or one for each of its positions."""
        ...

    def denoising(self, task):
        """The objective on the sequences of a task."""
        ...

    def arguments(self, task) -> dict:
        """What its model is built from."""
        ...

    def check(self, task):
        """An error unless the task has what is to be recovered."""
        ...

    def transfer(self, folder, task, model, take=None) -> list:
        """Load the weights of a folder into a model; the ledger."""
        ...

    def compute(self, store, folder):
        """Train in a folder."""
        ...
class Text(Stage):
    """A causal language model of text: one that somebody trained, or a small one trained here."""
    kind: Literal['text'] = 'text'
    model: ModelSpec
    task: TaskSpec | None = None
    train: TrainConfig | None = None
    seed: int = 0
    fingerprint: str = ''
    lm: str | None = Field(None, exclude=True)

    @property
    def objective(self):
        ...

    @property
    def title(self):
        ...

    def check(self, task):
        """An error unless the symbols of the task can be written."""
        ...

    def compute(self, store, folder):
        """Train, or take the files over."""
        ...

    def transfer(self, folder, task, model) -> list:
        """Load the weights of a folder into a model, with a row for each symbol of the task; the ledger."""
        ...
class Auxiliary(Denoising):
    """Masked denoising in the same training as the labels."""
    share: float
class Finetune(Stage):
    """Train on the labels of the task, from pretrained weights or from scratch."""
    model_config: Any
    kind: Literal['finetune'] = 'finetune'
    task: TaskSpec
    model: ModelSpec
    train: TrainConfig
    seed: int
    pooling: str = 'mean'
    head: str = 'linear'
    pretrain: Pretrain | Text | None = None
    take: tuple[str, ...] | None = _later(None)
    auxiliary: Auxiliary | None = _later(None, alias='beside')

    @property
    def needs(self):
        ...

    @property
    def title(self):
        ...

    def objective(self, task):
        """The objective of its training."""
        ...

    def arguments(self, task) -> dict:
        """What its model is built from."""
        ...

    def build(self, task):
        """The model with a fresh classifier."""
        ...

    def start(self, pre: Path | None, task, model) -> list:
        """Fill the model with pretrained weights; the ledger."""
        ...

    def compute(self, store, folder):
        """Transfer, then train in a folder."""
        ...
class Trial(Stage):
    """The best of some fine-tunings by validation, and its test score."""
    kind: Literal['trial'] = 'trial'
    candidates: tuple[Finetune, ...] = Field(min_length=1)

    @property
    def needs(self):
        ...

    @property
    def steps(self):
        ...

    @property
    def title(self):
        ...

    def test(self, store, folder, alive: list) -> dict:
        """The candidate that validates best, and its score on the test set."""
        ...

    def compute(self, store, folder):
        """Choose and test."""
        ...
