# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .optimisation import TrainConfig as TrainConfig
from .trainer import Trainer as Trainer
