# Written by scripts/stubs: do not edit
from typing import Any
import inspect, math, re
from typing import Annotated, Literal, NamedTuple
from fastcore.basics import patch
from pydantic import BeforeValidator, Field, model_validator
from ..config import Config
from ..core import SptError, choices, one_of
from ..models.language import PYTHIA, find_lm, lm_sizes
from ..models.mixer import find_mixer
from ..models.weights import PARTS
from .paper import GRID, TRAINING_ROWS, Given, check_variant, paper_values
from .specs import Denoising, ModelSpec, parse_init
from ..tasks import Facts
from ..training.optimisation import TrainConfig
class MixerSizes(Config):
    """What mixers are built with; each takes those that it knows."""
    n_heads: int = Field(4, ge=1)
    d_state: int | None = Field(None, ge=1)
    n_ssm: int | None = Field(None, ge=1)
    dt_min: float = Field(0.001, gt=0)
    dt_max: float = Field(0.1, gt=0)
    s4d_init: Literal['lin', 'inv', 'legs', 'real', 'dfout'] = 'lin'
    block: int | None = Field(None, ge=1)
    window: int | None = Field(None, ge=1)
class Pretraining(Config):
    """Where the optimisation of pretraining differs from that on labels."""
    steps: int = Field(500, ge=1)
    lr: float = Field(0.002, gt=0)
    batch_size: int = Field(64, ge=1)
    schedule: Literal['constant', 'cosine', 'plateau'] | None = None
    warmup: int | None = Field(None, ge=0)
    valid_every: int | None = Field(None, ge=1)
_STARTS: Any
_Many: Any
class Choices(Config):
    """What a comparison decides beyond its stages."""
    lrs: Annotated[tuple[float, ...], _Many] = Field((0.001, 0.003), min_length=1)
    batch_sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...] | None, _Many] = Field(None, min_length=1)
    starts: Annotated[tuple[str, ...], _Many] = Field(('structured',), min_length=1)
    take: Annotated[tuple[str, ...] | None, _Many] = Field(None, min_length=1)
    pooling: Literal['mean', 'max', 'last'] = 'mean'
    head: Literal['linear', 'mlp'] = 'linear'
    unlabelled: float | int | None = None
    lm: str | None = None
    patience: int = Field(10, ge=10)
    converge_steps: int | None = Field(None, ge=1)
    budget: float = Field(1.0, gt=0, allow_inf_nan=False)
SMALL: Any
class Recipe(Choices):
    """All numbers of a comparison of one mixer on one task."""
    model: ModelSpec = SMALL
    sizes: MixerSizes = MixerSizes()
    denoising: Denoising = Denoising()
    pretrain: Pretraining = Pretraining()
    train: TrainConfig = TrainConfig(steps=500, batch_size=64, lr=0.001, warmup=100, clip=1.0, beta2=0.98)

    @property
    def flat(self) -> dict:
        """The numbers of a recipe by the names that users type."""
        ...

    def but(self, **changes) -> Recipe:
        """A validated copy with some parameters changed."""
        ...
class Parameter(NamedTuple):
    """A number of a recipe, as users know it."""
    part: str
    field: str
    help: str
_HOLDERS: Any
_SET_ELSEWHERE: Any
PARAMETERS: Any
_SMALL: Any
_CONTROLS: Any
_PATHS: Any
TABLE: Any
_AUTHORS: Any
NEEDED: Any
MODELS: Any
def base_mixer(name: str) -> str:
    """The mixer behind a name: `transformer`, `rotary`, `alibi` and `sliding` are attention with settings of their own."""
    ...
def known_mixer(name: str):
    """An error unless there is a model of that name."""
    ...
SCALES: Any
class Resolved(NamedTuple):
    """A recipe, and where its numbers come from."""
    recipe: Recipe
    options: dict
    sources: dict
_BUDGETS: Any
_STEPS: Any
def resolve(task: str, mixer: str, scale: str, init: str='scratch', variant: str | None=None, **overrides) -> Resolved:
    """The recipe for a mixer on a task at a scale, from some initialisation, with the source of every number."""
    ...
def recipe(task: str, mixer: str, scale: str, *args, **overrides) -> tuple[Recipe, dict]:
    """The recipe and the options of the task, without the sources."""
    ...
def complete(r: Recipe, facts: Facts, each_epoch: bool=False) -> Recipe:
    """The recipe with what only the task can say; `each_epoch`: validate once an epoch at least."""
    ...
