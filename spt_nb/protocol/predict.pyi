# Written by scripts/stubs: do not edit
from typing import Any
import json, os, re, shutil, sys, tempfile, warnings
from pathlib import Path
import numpy as np
import pandas as pd
import torch, torch.nn.functional as F
from fastcore.basics import patch
from huggingface_hub import snapshot_download
from tqdm import tqdm
from ..core import SptError, hint, one_of, replacing
from ..analysis.intervals import bootstrap_score
from ..models.backbone import pool
from ..objectives.labels import forecast_and_future, label_objective
from .untrusted import KNOWN, verified
from ..tasks.batches import Split, collate, eval_batches, in_memory, table
from ..tasks.own.places import new_rows
from ..training.evaluation import FLOORLESS, POSITIONS, forward, scores
class Predictor:
    """A trained model, and how rows are read for it."""
    module: Any
    stage: Any

    def __init__(self, module: torch.nn.Module, stage, record: dict | None):
        ...

    def __call__(self, *args, **kwargs):
        ...

    def __getattr__(self, name):
        ...

    def __repr__(self):
        ...

    @property
    def record(self) -> dict:
        """How rows are read, and what outputs mean."""
        ...

    @property
    def classes(self) -> list | None:
        """The names of the classes, in the order of the outputs."""
        ...

    def rows(self, data, cut: bool=False) -> tuple:
        """Rows as the model reads them."""
        ...

    def in_units(self, y) -> np.ndarray:
        """Targets as the model has them, in the units of the data."""
        ...

    def outputs(self, ds, device: str | None=None, read=None) -> np.ndarray:
        """The outputs of the model."""
        ...

    def answers(self, out) -> tuple:
        """Predictions and probabilities from outputs."""
        ...

    def predict(self, data, device=None, cut: bool=False) -> np.ndarray:
        """The name of a class for each row, or a number in the units of the target."""
        ...

    def predict_proba(self, data, device=None, cut: bool=False) -> np.ndarray:
        """The probability of each class for each row, in the order of `classes`."""
        ...

    def embed(self, data, device=None, cut: bool=False) -> np.ndarray:
        """What the head reads: one vector for each row."""
        ...

    def frame(self, data, device=None, cut: bool=False) -> pd.DataFrame:
        """A line for each row: its number and name, the prediction, and the probability of each class."""
        ...

    def score(self, prediction, p, y) -> str:
        """How good answers are, in words."""
        ...
def load_model(folder, mixer=None) -> Predictor:
    """The model in a folder, with its weights, ready to answer: `predict`, `predict_proba`, `embed`; `module` is inside."""
    ...
def predict(model, data, out=None, device: str | None=None, cut: bool=False, mixer=None) -> pd.DataFrame:
    """The answer to every row."""
    ...
