# Written by scripts/stubs: do not edit
from typing import Any
from ..core import SptError, one_of, whole
import tempfile, warnings
from dataclasses import replace
from pathlib import Path
import numpy as np
import pyarrow as pa
import torch
from fastcore.basics import patch
from .predict import Predictor
from .recipes import MODELS, PARAMETERS, Recipe, recipe
from .specs import INITS, TaskSpec, mixer_path
from .trials import trial
from ..tasks import facts_of
from ..tasks.batches import Dataset, column, in_memory, transform_of
from ..tasks.own.labels import divide
from ..tasks.own.load import load
from ..tasks.own.readers import Rows, plain
from ..tasks.task import Task
from ..training.trainer import Trainer
from datasets import concatenate_datasets
class _Diverged(SptError):
    ...
class _ByLoss:
    """An objective that validation judges by the loss."""
    objective: Any
    perfect = 0.0

    def __init__(self, objective):
        ...

    def __getattr__(self, name):
        ...

    def monitor(self, metrics):
        ...
class SelfPretrained(BaseEstimator):
    """What both estimators share."""
    mixer: Any
    init: Any
    d_model: Any
    n_layers: Any
    pretrain_steps: Any
    finetune_steps: Any
    batch_size: Any
    lr: Any
    valid: Any
    tokens: Any
    recipe: Any
    random_state: Any
    verbose: Any

    def __init__(self, mixer='attention', init='masked', d_model=32, n_layers=2, pretrain_steps=200, finetune_steps=200, batch_size=32, lr=0.005, valid=None, tokens=None, recipe=None, random_state=None, verbose=False):
        ...

    def __sklearn_tags__(self):
        ...

    def embed(self, X) -> np.ndarray:
        """What the head reads: one vector for each row."""
        ...
class SelfPretrainedClassifier(ClassifierMixin, SelfPretrained):
    """Classes of sequences: pretrained on the training rows, then fine-tuned. Parameters as of `SelfPretrained`."""

    def fit(self, X, y, unlabelled=None):
        """Learn from rows and their classes."""
        ...

    def predict_proba(self, X) -> np.ndarray:
        """The probability of each class for each row; a row that is longer than all of `fit` is cut, with a warning."""
        ...

    def predict(self, X) -> np.ndarray:
        """The most probable class of each row."""
        ...
class SelfPretrainedRegressor(RegressorMixin, SelfPretrained):
    """A number for each sequence: pretrained on the training rows, then fine-tuned. Parameters as of `SelfPretrained`."""

    def fit(self, X, y, unlabelled=None):
        """Learn from rows and their targets."""
        ...

    def predict(self, X) -> np.ndarray:
        """A number for each row; a row that is longer than all of `fit` is cut, with a warning."""
        ...
