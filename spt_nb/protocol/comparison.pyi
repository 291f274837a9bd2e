# Written by scripts/stubs: do not edit
from typing import Any
from functools import cached_property
from pathlib import Path
import numpy as np
import pandas as pd
from fastcore.basics import patch
from ..analysis import statistics
from ..analysis.comparison_plots import as_html, plot_comparison
from ..analysis.plots import save_figure
from .. import __version__
from ..core import SptError, canonical, read_json, replacing, write_json
from ..training.evaluation import FLOORLESS, aligned, beside_simple_models, floor_of, further_scores, in_words, not_told_apart, score_names
from ..runs.store import Store, code_hash, peek
from ..tasks.batches import Split
from ..runs.progress import overview, plan
from .diagnostics import HIDDEN, diagnostics, hidden_losses
class Comparison:
    """The trials of a comparison, and what they came to."""
    trials: dict
    store: Store
    resolved: dict
    failed: Any
    floors: Any
    diagnostics = diagnostics

    def __init__(self, trials: dict, store: Store, resolved: dict):
        ...

    def __repr__(self):
        ...

    @cached_property
    def task(self):
        """The task of the first trial, loaded; the data of other seeds may differ, the kind and the sizes do not."""
        ...

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A line for each trial that is finished."""
        ...

    def plan(self) -> pd.DataFrame:
        """All stages in the order of the work: stage, state, step, steps."""
        ...

    def floor(self) -> float | None:
        """What always giving the most frequent test label would score, a mean over trials; None where the score is R2."""
        ...

    def withheld(self) -> str | None:
        """Why no verdict may be given, whatever the numbers; None if one may."""
        ...

    def examples(self) -> pd.DataFrame | None:
        """The answer to every test example, if there is one seed only: mixer, init, seed, example, y, prediction."""
        ...

    def finished(self) -> pd.DataFrame:
        """The `rows`; an error if there are none."""
        ...

    def table(self) -> pd.DataFrame:
        """Mean test score of each cell with its 95% interval and standing; means of floor, other scores, losses and cost."""
        ...

    def differences(self) -> pd.DataFrame:
        """What pretraining changes, paired, against the rows from scratch."""
        ...

    def curves(self) -> pd.DataFrame:
        """Validation score against total training steps, for the chosen candidates."""
        ...

    def other_code(self) -> list[str]:
        """How many finished stages were computed by other code than the code at hand."""
        ...

    def report(self) -> str:
        """The table, what follows from it, and what is suspicious, as text."""
        ...

    def plot(self, title: str | None=None):
        """Test scores with intervals, and learning curves."""
        ...

    def save(self, folder, title: str | None=None) -> Path:
        """Write table, rows, differences and curves as CSV, the picture, and the configuration."""
        ...
SPENT: Any
def score_of(metrics) -> float:
    ...
