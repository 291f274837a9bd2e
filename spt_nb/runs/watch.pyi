# Written by scripts/stubs: do not edit
from typing import Any
import os, re, sys, threading, time
from unicodedata import combining, east_asian_width
from fastcore.basics import patch
from .progress import STATES, clock, counts, headline, look, note_plan, noted_plans, overview, plan_line
from .store import Store, peek
def columns(text) -> int:
    ...
def fit(text: str, width: int, encoding: str='utf-8') -> str:
    """The text on one line of at most `width` columns."""
    ...
def spark(curve, width: int=8, fancy: bool=True) -> str:
    """A curve as a row of characters, the lowest point at the bottom."""
    ...
def block(rows: list, width: int=80, height: int=24, encoding: str='utf-8', workers: int | None=None, others: list=()) -> list[str]:
    """A plan as lines for a terminal of that size."""
    ...
class Log:
    """Text that is printed when it changed."""
    out: Any
    before: Any
    encoding: Any
    every: Any
    timed: Any

    def __init__(self, out):
        ...

    def size(self) -> tuple[int, int]:
        ...

    def draw(self, lines: list[str]):
        ...
class Terminal(Log):
    """Lines at the end of a terminal that are redrawn in place."""
    every = 0.5

    def size(self):
        ...

    def draw(self, lines):
        ...
class Notebook:
    """A display in JupyterLab."""
    display: Any
    every: Any
    timed: Any
    encoding: Any

    def __init__(self, display):
        ...

    def size(self):
        ...

    def draw(self, lines):
        ...
def choose_view(out):
    """The place to draw in."""
    ...
def pause_after(seconds, every=0.5) -> float:
    ...
class Watch(threading.Thread):
    """Shows the progress of stages while the `with` block runs, and leaves a note of the plan."""
    stages: Any
    store: Any
    quiet: Any
    over: Any
    workers: int | None
    others: list

    def __init__(self, stages, store, quiet, workers: int | None=None, others: list=()):
        ...

    def __enter__(self):
        ...

    def __exit__(self, *_):
        ...

    def begin(self):
        ...

    def run(self):
        ...

    def watch(self):
        ...

    def safely(self, f):
        """Do it, or print in one line why not."""
        ...
def report(store: Store, encoding: str | None=None) -> str:
    """What the store holds: finished stages, then for every plan what is running, failed, stopped and waiting."""
    ...
def stages(store: Store) -> list[dict]:
    """The stages of all plans, and of none, as they are now."""
    ...
def follow(store: Store, out=None):
    """Repeat the report until the newest plan is over or Ctrl-C."""
    ...
