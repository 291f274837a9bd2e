# Written by scripts/stubs: do not edit
from typing import Any
import math, platform, time
from typing import Literal, NamedTuple
from ..core import SptError, cores, digest, log, read_json, write_json
import torch
from accelerate.utils import send_to_device
from fastcore.basics import patch
from .cost import one_thread, stage_cost
from .stages import Finetune, Pretrain, Stage, Text
from .trials import blank, ledger
from ..runs.launch import run_stages
from ..runs.progress import duration, makespan, plan
from ..runs.workers import gpus
from ..tasks.batches import Split
from ..training.evaluation import evaluate
from ..training.optimisation import TrainConfig
from ..training.trainer import Trainer
class Rehearsal(Stage):
    """A few updates of a stage and some of its evaluation, timed."""
    kind: Literal['rehearsal'] = 'rehearsal'
    stage: Pretrain | Finetune
    seconds: float
    workers: int
    machine: str

    @property
    def steps(self):
        ...

    @property
    def title(self):
        ...

    def trainer(self, task, folder) -> Trainer:
        ...

    def compute(self, store, folder):
        """Train and evaluate for a short time, and write what a start, an update and an example take."""
        ...
def machine() -> str:
    """This machine, as far as speed goes; not its name."""
    ...
def typical(stage: Pretrain | Finetune | Text) -> Pretrain | Finetune:
    """The stage without what does not change the time of an update."""
    ...
def stage_seconds(stage, timing: dict, budget: float=1.0) -> float:
    """How long a stage takes."""
    ...
STARTS = 5.0
class Timed(NamedTuple):
    """A plan whose stages were timed."""
    stages: list
    timings: dict
    workers: int

    def takes(self, budget: float=1.0) -> float:
        """Seconds that the plan will take with a budget."""
        ...
def timed(stages, store, seconds: float, workers: int, quiet: bool=False) -> tuple[Timed, float]:
    """Time one stage of each kind; what was timed before is not timed again."""
    ...
class Estimate(NamedTuple):
    """What a plan will take."""
    stages: int
    finished: int
    workers: int
    seconds: float
    work: float
    longest: float
    gigabytes: float
    largest: str
    disk: float
    known: int
    card: str | None

    def __str__(self):
        ...
EACH = 0.2
LIBRARIES = 0.6
def estimate(comparisons, workers: int | None=None, card: str | None=None) -> Estimate:
    """What is left of some comparisons, before any of it is computed."""
    ...
SHORT: Any
INSTEAD: Any
def job_options(comparisons, workers: int | None=None, processes: int=1, given: dict | None=None) -> dict:
    """Options for Slurm that follow from the plan; what is given stays."""
    ...
FEWEST = 10
def within(minutes: float, made, workers: int | None=None, quiet: bool=False, given: dict | None=None, most: float=1000.0) -> dict:
    """The budget for every recipe that fills the minutes on this machine."""
    ...
