# Written by scripts/stubs: do not edit
from typing import Any
from functools import cached_property
from math import inf, log, nan
import pandas as pd
import torch
from fastcore.basics import patch
from ..analysis import statistics
from ..analysis.claims import Effect, closeness
from ..analysis.comparison_plots import plot_scores
from ..bench.contract import contract
from ..core import SptError, one_of
from .dry_run import told
from ..models.backbone import count_parameters
from ..models.mixer import mixer_arguments
from ..protocol.paper import GRID
from ..protocol.plan import all_rows, prepare, run_together
from ..protocol.recipes import PARAMETERS, Recipe, base_mixer, known_mixer, recipe
from ..protocol.specs import mixer_path
from ..protocol.trials import trial
from ..runs.launch import check_spread
from ..tasks import task_options
from ..tasks.batches import Split
from ..training.evaluation import score_names
from ..training.optimisation import flops
WITHIN = 0.1
def first_stage(spec, mixer: str, scale: str, overrides: dict):
    """A training from scratch, as a comparison would run it."""
    ...
def distance(n, target) -> float:
    ...
def nearest(count, target: int, step: int) -> tuple[int, int]:
    """The multiple of `step` whose size is nearest to the target, as a ratio."""
    ...
def matched(spec, task, mixer: str, target: int, scale: str, overrides: dict) -> dict:
    """The width, and heads, at which the model of a mixer is as large as the target."""
    ...
def sequence_flops(stage, task) -> int:
    """Operations of one sequence of full length, forward and backward."""
    ...
class Versus:
    """A reader's mixer and some of ours on one task: the plan and its results."""
    mixer: str
    comparisons: dict
    sizes: Any
    contract: Any
    asked: dict
    failed: Any
    first: Any

    def __init__(self, mixer: str, comparisons: dict, sizes: list, contract, asked: dict):
        ...

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A line for each run: mixer, init, seed, score, costs."""
        ...

    def run(self, workers: int | None=None, quiet: bool=False) -> 'Versus':
        """Compute what is missing, as one plan."""
        ...

    def plan(self, card: str | None=None, workers: int | None=None) -> str:
        """What would be trained, and the hours, memory and disk it takes."""
        ...

    def floor(self) -> float | None:
        ...

    def evidence(self) -> dict:
        """What every comparison of cells is based on."""
        ...

    def table(self) -> pd.DataFrame:
        """Mean score and 95% interval of each mixer and initialisation, its size, and the means of other scores and costs."""
        ...

    def plot(self):
        """Test scores of all, with intervals and single seeds."""
        ...

    def verdicts(self) -> pd.DataFrame:
        """The verdict on each question and pair."""
        ...
SCRATCH: Any
SPT: Any
MARGIN: Any
NONE: Any
def word(verdict: str, level: bool) -> str:
    """How the reader's mixer stands to another."""
    ...
def level(rows: pd.DataFrame, pairs: list) -> list[bool]:
    """Which pairs are close."""
    ...
def padded(task) -> bool:
    """Do its sequences have different lengths?"""
    ...
BUDGET: Any
def versus(mixer, task: str | None=None, against=('attention', 's4', 'dlr'), seeds=3, scale: str='mini', match: str='size', data=None, workers: int | None=None, quiet: bool=False, seconds: float=2.0, run: bool=True, **more) -> Versus:
    """A mixer against ours, from scratch and self-pretrained, at matched size."""
    ...
