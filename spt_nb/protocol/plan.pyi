# Written by scripts/stubs: do not edit
from typing import Any
from pathlib import Path
import pandas as pd
import torch
from fastcore.basics import patch
from .comparison import Comparison
from ..core import SptError, canonical, log, one_of, read_json, runs_dir, writable
from .specs import TaskSpec, mixer_path, once, parse_init, parse_seeds
from ..models.language import BUILT_IN, PYTHIA
from ..models.mixer import WITHIN, build_mixer
from ..models.weights import transfer
from .paper import TRAINING_ROWS
from .recipes import PARAMETERS, Recipe, base_mixer, complete, known_mixer, recipe
from ..runs.store import Store
from ..tasks import CATALOGUE, Facts, task_options
from ..tasks.own.load import keep
from ..tasks.summary import summary
from .cost import size_of, stage_cost
from ..runs.progress import duration
from .minutes import job_options, within
from .trials import by_title, trial
from .stages import Stage
from ..runs.launch import check_spread, prepare_workers, run_stages
def prepare(task: str='own', mixers=('attention', 'dlr'), inits=('scratch', 'scratch-matched', 'masked'), seeds=3, scale: str='mini', runs=None, data_dir=None, fraction: float | int=1.0, quiet: bool=False, variant: str | None=None, one_dataset: bool=False, load: bool=True, data=None, recipes=None, hashes: dict | None=None, **overrides) -> Comparison:
    """Check everything, load the task, and plan a comparison; none of its trials is computed."""
    ...
def run_together(comparisons, workers: int | None=None, quiet: bool=False, cluster: str | None=None, processes: int=1, cluster_options: dict | None=None) -> dict:
    """Compute what is missing in several comparisons of one store; each has its own failures in `failed`."""
    ...
def all_rows(comparisons: dict, names) -> pd.DataFrame:
    """The rows of several comparisons with their labels; an error if there are none."""
    ...
def compare(*args, workers: int | None=None, quiet: bool=False, cluster: str | None=None, processes: int=1, cluster_options: dict | None=None, minutes: float | None=None, **kwargs) -> Comparison:
    """Train every mixer from every initialisation with every seed, and compare the test scores."""
    ...
def sweep(argument: str, values, *args, workers: int | None=None, quiet: bool=False, cluster: str | None=None, processes: int=1, cluster_options: dict | None=None, **kwargs) -> dict:
    """The same comparison at several values of one argument, computed as one plan."""
    ...
REHEARSAL: Any
def rehearse(scale: str='mini', runs=None, quiet: bool=False) -> str:
    """Train a small attention model on real ListOps briefly, and say what the paper's budget would take here."""
    ...
