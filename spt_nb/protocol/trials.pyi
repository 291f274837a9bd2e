# Written by scripts/stubs: do not edit
from typing import Any
import math
from collections import Counter
from pathlib import Path
from fastcore.basics import patch
from ..core import SptError, canonical, digest, one_of
from ..models.language import PYTHIA, find_lm, lm_fingerprint, lm_sizes
from ..models.mixer import identity, mixer_arguments
from ..training.optimisation import TrainConfig
from .recipes import SMALL, Recipe, base_mixer, complete
from .specs import Init, ModelSpec, TaskSpec, parse_init
from .stages import Auxiliary, Finetune, Pretrain, Text, Trial
from ..runs.progress import plan
from ..runs.store import device, peek
from ..tasks.text import documentation
from ..tasks import Facts
EPOCHS = 200
def budget(init: Init, r: Recipe, rows: int=0) -> tuple[int, int]:
    """How many sequences each part of a trial reads, at most."""
    ...
_ANGLES: Any
HAS_STARTS: Any
def state_size(r: Recipe, length: int) -> int:
    """The size of the state; DLR has a mode for each step, so that its kernel does not repeat within a sequence."""
    ...
def starts_of(r: Recipe, init: Init) -> list[str]:
    """Where the state space of the mixer may start: from scratch several, before pretraining the first."""
    ...
def rarely(steps: int, batch_size: int, valid: int) -> int:
    """Steps between validations that read less than 5% of what training reads; one is made in any case."""
    ...
USES: Any
def trial(task: TaskSpec, init: str, seed: int, r: Recipe, facts: Facts | None=None) -> Trial:
    """The trial for one cell and seed of a comparison."""
    ...
def other_parameter(t: Trial, mixer: str, init: str, now: dict, then: dict) -> str | None:
    """The first parameter by which an earlier recipe plans another trial."""
    ...
def blank(x):
    """A configuration as JSON, without the hashes of its data."""
    ...
def ledger(store) -> tuple[set, dict]:
    """What is finished in a store, and what it took on a machine like this one."""
    ...
def by_title(trials, failed: dict) -> dict:
    """Why stages of some trials failed, by title; with the task if there are several, and the hash of equal titles."""
    ...
