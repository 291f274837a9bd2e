# Written by scripts/stubs: do not edit
from typing import Any
import functools, json, re
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple
import torch
from fastcore.basics import patch
from pydantic import ConfigDict, Field, field_validator
from ..arguments import read_settings
from ..config import Config
from ..core import SptError, derive_seed, one_of
from ..models.language import PYTHIA, build_model
from ..models.mixer import find_mixer, source_hash
from ..models.weights import WEIGHTS, randomise
from ..objectives.pretext import CausalDenoising, Contrastive, MaskedDenoising
from ..tasks import CATALOGUE, KNOWN, Facts, facts, facts_of, load_task, task_options
class TaskSpec(Config):
    """Which data, exactly: a task, its options, and the hash of the resulting data."""
    name: str
    options: dict[str, Any] = {}
    fraction: float | int = 1.0
    draw: int = 0
    fingerprint: str = ''
    data_dir: str | None = Field(None, exclude=True)

    def load(self):
        """The task; an error if its data has changed."""
        ...

    def facts(self) -> Facts:
        """Its sizes; without loading large data unless the fingerprint is known."""
        ...
def again(config: dict | list, label: str='') -> dict:
    """What makes the comparison of a saved configuration again."""
    ...
def flags_of(path: str) -> dict:
    """The flags that a file holds, or those that stand for a saved configuration."""
    ...
class ModelSpec(Config):
    """A model without its head: the part that pretraining and fine-tuning share."""
    mixer: str
    d_model: int = Field(ge=1)
    n_layers: int = Field(ge=1)
    mixer_args: dict[str, Any] = {}
    ff_expand: int = Field(0, ge=0)
    positions: Literal['none', 'sinusoidal', 'learned', 'rotary', 'alibi'] = 'none'
    position_scale: float = Field(0.5, gt=0)
    norm: Literal['layer', 'batch'] = 'layer'
    prenorm: bool = True
    dropout: float = Field(0.0, ge=0, lt=1)
    causal: bool = False
    weights: Literal[tuple(WEIGHTS)] = 'structured'
    source: str = Field('', exclude_if=lambda v: v == '')
    folder: str | None = Field(None, exclude=True)

    @property
    def found(self) -> str:
        """The mixer, as `find_mixer` finds it; an error if its code has changed."""
        ...

    def arguments(self, length: int, **head) -> dict:
        """The arguments of `build_model`."""
        ...

    def reads(self, task) -> dict:
        """What only a language model must know of a task: which level a value is."""
        ...

    def build(self, seed: int, arguments: dict):
        """The model with the initial weights of that seed, the same in every stage."""
        ...
def mixer_path(mixer) -> str:
    """The name of a mixer, or where it can be imported from."""
    ...
class Denoising(Config):
    """What is hidden of a sequence, and how it is recovered."""
    model_config: Any
    mask_ratio: float | None = Field(None, gt=0, lt=1, alias='ratio')
    mask_span: int = Field(1, ge=1)
    levels: bool = False

    def build(self, task, kind: str='masked'):
        """The objective on the sequences of a task: masked, causal or contrastive."""
        ...
INITS: Any
class Init(NamedTuple):
    """An initialisation, taken apart."""
    kind: str
    share: float | None = None
    weights: str = 'structured'

    @property
    def pretrains(self) -> bool:
        ...
def parse_init(text: str) -> Init:
    """An initialisation from its text."""
    ...
def parse_seeds(seeds) -> list[int]:
    """Three means 0, 1, 2; the text 0,5-7 means 0, 5, 6, 7."""
    ...
def once(name: str, values) -> dict:
    """Values by what stands for them in a dictionary; an error unless there are some, and each comes once."""
    ...
