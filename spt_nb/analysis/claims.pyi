# Written by scripts/stubs: do not edit
from typing import Any
from functools import partial
from numbers import Number
import numpy as np
import pandas as pd
from fastcore.basics import patch
from scipy.special import stdtr, stdtrit
from .intervals import Interval, bound_power, discordant_p, fewest_seeds, flips_power, mean_interval, mover, saturated, sign_flips, solved, t_power
from .statistics import holm, seeds_in_words
from ..core import SptError
class Effect:
    """A weighted sum of cells, or plain values by seed and task."""
    weights: dict | None
    offset: float
    cells: Any
    all_or_nothing: Any
    table: pd.DataFrame | None
    by_seed: Any
    __array_ufunc__ = None

    def __init__(self, weights: dict | None=None, offset: float=0.0, table: pd.DataFrame | None=None, all_or_nothing: bool=False):
        ...

    def mean(self) -> float:
        ...

    def __len__(self):
        ...

    def __iter__(self):
        ...

    def __array__(self, dtype=None, copy=None):
        ...

    def __repr__(self):
        ...

    def __add__(self, other):
        ...

    def __mul__(self, k):
        ...

    def __sub__(self, other):
        ...

    def interval(self, level: float=0.95, seeds=None) -> Interval:
        """The mean over seeds, and its interval; its ends are NaN with fewer than three seeds."""
        ...
def as_effect(values, seeds=None) -> Effect:
    """Values by seed as an effect without cells."""
    ...
def superiority(effect) -> dict:
    """The test of an effect that is above zero, or below."""
    ...
def closeness(effect, margin: float) -> dict:
    """The test of an effect that lies within the margin, or beyond it."""
    ...
def seeds_needed(effect, margin: float | None=None, level: float=0.05, power: float=0.8) -> float:
    """The number of seeds that would decide a claim, if further seeds were like those seen."""
    ...
MARGIN = 0.05
def claim(text: str, effect, margin: float | None=None, paper: float=np.nan) -> dict:
    """A claim that an effect is above zero, or within a margin."""
    ...
def every(text: str, effects, paper: float=np.nan) -> dict:
    """A claim that all effects are above zero."""
    ...
COLUMNS: Any
def judge(claims: list, scale: str='mini') -> pd.DataFrame:
    """The claims of a page with their verdicts."""
    ...
def with_seeds(judged: pd.DataFrame, claims: list) -> pd.DataFrame:
    """The seeds that would decide each undecided claim."""
    ...
