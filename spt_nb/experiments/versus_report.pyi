# Written by scripts/stubs: do not edit
from typing import Any
import platform, re, shlex
from pathlib import Path
import pandas as pd
import torch
from fastcore.basics import patch
from .. import __version__
from ..analysis import plots
from ..analysis.statistics import percent
from ..core import cores, replacing, write_json
from .report import prose, public, table as clean_table, write_page
from .versus import NONE, WITHIN, Versus, distance, log, versus
from ..tasks.summary import summary
from ..training.evaluation import further_scores, not_told_apart
def listed(names) -> str:
    ...
def because(lines) -> str:
    ...
def against(name: str, lines: pd.DataFrame) -> str:
    """Mine is ahead of s4 (+4.2 ± 1.0) and level with dlr (...)"""
    ...
def environment() -> str:
    """Versions and devices."""
    ...
def markdown_table(columns, lines) -> str:
    ...
