# Written by scripts/stubs: do not edit
from typing import Any
from functools import cached_property
from pathlib import Path
import numpy as np
import pandas as pd
from fastcore.basics import AttrDict, patch
from ..analysis.claims import MARGIN, Effect, claim, every, judge, with_seeds
from ..analysis.intervals import Interval, floors, mean_interval, solve_interval
from ..analysis.statistics import Cell, cells_of, in_seeds, one_numerics, percent
from ..core import SptError, log, one_of, read_json, replacing, write_json
from .pages import configuration, published_folder, results_folder
from .plans import TIMED, Design, Published, design, published_rows, settings
from ..models.backbone import count_parameters
from ..protocol.plan import all_rows, prepare, run_together
from ..protocol.stages import Stage
from ..runs.launch import check_spread, prepare_workers
class Study:
    """Comparisons by label, where a label is a task and what else was varied."""
    comparisons: dict
    names: tuple
    p: AttrDict
    failed: Any
    past: Any
    everything: Any

    def __init__(self, comparisons: dict, names: tuple, p: AttrDict):
        ...

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A line for each run: label, mixer, init, seed, score, costs."""
        ...

    @cached_property
    def cells(self) -> dict:
        ...

    def select(self, **where) -> dict:
        """The cells with these values of task, mixer, init or another part of the label."""
        ...

    def summary(self, mean: bool=True) -> pd.DataFrame:
        """Mean and 95% interval over seeds of every cell."""
        ...

    def scores(self, mixer: str, init: str, **where) -> Effect:
        """The scores of a cell, which can be added, subtracted and claimed."""
        ...

    def spread(self, init: str, **where) -> Effect:
        """Best mixer minus worst."""
        ...

    def gains(self, init: str, baseline: str, relative: bool=False) -> pd.DataFrame:
        """What an initialisation adds to a baseline, in every cell, paired by seed."""
        ...

    def trained(self) -> list:
        """The rows that did not diverge and whose stages are in this store."""
        ...

    def parameters(self, label: tuple, mixer: str) -> int:
        """Trainable numbers of the model of a cell."""
        ...

    def fits(self) -> pd.DataFrame:
        """Training loss against epochs, of pretraining and of the chosen training on labels."""
        ...

    def fit_lines(self, fits: pd.DataFrame, by: str) -> pd.DataFrame:
        """Mean loss and 95% interval over seeds."""
        ...

    def save(self, folder, claims: list) -> pd.DataFrame:
        """Judge the claims; write rows, claims and configuration."""
        ...

    def join(self, plan: Design, before: Published | None=None):
        """Add the published rows; those of equal cell and seed are replaced."""
        ...
def published_claims(experiment: str) -> list:
    """The published claims of an experiment, from their effects by seed, or from their intervals."""
    ...
def study(plan, *args, workers: int | None=None, quiet: bool=False) -> Study:
    """Train every cell of several comparisons, as one plan; or read the published rows."""
    ...
_VALUES: Any
def wide(summary: pd.DataFrame, columns: str='task') -> pd.DataFrame:
    """A line for each mixer and init, the mean and its 95% interval in %, or how many seeds solved the task."""
    ...
def shown(claims: pd.DataFrame) -> pd.DataFrame:
    """The claims as a table to read."""
    ...
