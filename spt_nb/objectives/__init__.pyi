# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .pretext import MaskedDenoising as MaskedDenoising
from .pretext import CausalDenoising as CausalDenoising
from .pretext import Contrastive as Contrastive
from .labels import AuxiliaryDenoising as AuxiliaryDenoising
from .labels import Classification as Classification
from .labels import Regression as Regression
from .labels import Forecasting as Forecasting
from .labels import label_objective as label_objective
