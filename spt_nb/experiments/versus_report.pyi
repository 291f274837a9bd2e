# Written by scripts/stubs: do not edit
from typing import Any
import re, shlex
from html import escape
from pathlib import Path
import pandas as pd
from fastcore.basics import patch
from ..analysis import plots
from ..analysis.comparison_plots import as_html
from ..analysis.statistics import percent
from ..core import replacing, write_json
from .report import environment, prose, public, table as clean_table, write_page
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
def markdown_table(columns, lines) -> str:
    ...
