# Written by scripts/stubs: do not edit
from typing import Any
from typing import NamedTuple
import pandas as pd
from fastcore.basics import AttrDict, patch
from ..core import SptError, canonical, one_of
from .pages import differs, published_config, published_folder, same_parameters, same_task
from ..protocol.plan import prepare
from ..protocol.recipes import PARAMETERS, SCALES, Recipe
from ..protocol.trials import other_parameter
from ..runs.store import numerics
from ..tasks import task_options
from ..tasks.task import KINDS
from ..training.evaluation import score_names
_MINI: Any
_SMOKE: Any
_PICTURES: Any
TASKS: Any
_LRA: Any
_CONTROLS: Any
_LONGER: Any
PLANS: Any
_START: Any
TIMED: Any
_TEXT: Any
def published_rows(experiment: str) -> pd.DataFrame | None:
    """The published rows of an experiment, with their seconds."""
    ...
_CHOOSE_START: Any
def settings(experiment: str, scale: str, tasks=None, seeds=None, overrides: dict | None=None, published: bool=False, publish: bool | str=False) -> AttrDict:
    """What an experiment runs at a scale."""
    ...
class Design(NamedTuple):
    """What a study trains; nothing of it is loaded."""
    p: AttrDict
    cells: dict
    names: tuple

    @property
    def trained(self) -> dict:
        """The cells of the tasks that were asked for; rows of the others are only read from what is published."""
        ...
def design(p: AttrDict, mixers, inits, cells: dict | None=None, names: tuple=('task',)) -> Design:
    """The cells of a study with all their arguments."""
    ...
class Published:
    """The published rows of a design; an error if its configuration is another one."""
    names: Any
    rows: Any
    config: Any
    plans: Any

    def __init__(self, plan: Design, before=None):
        ...

    def check_data(self, comparisons: dict):
        """An error if a seed that is published already has other data here."""
        ...

    def joined(self, rows: pd.DataFrame, order: dict) -> pd.DataFrame:
        """The rows of this run and the published ones."""
        ...
