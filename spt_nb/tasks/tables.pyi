# Written by scripts/stubs: do not edit
from typing import Any
import os, re, tempfile
from itertools import chain, repeat
from pathlib import Path
import numpy as np
from fastcore.basics import patch
from tqdm import tqdm
from ..core import SptError, cache_dir, whole
from .batches import EOS, SPECIALS, UNK, table
from .cache import cached, limited
from .task import FIRST, ended
from .own.readers import FORMS, read_table
from .sources import Source, locate, signature
from datasets import Dataset
UNICODE = 1114112
def count_characters(texts) -> np.ndarray:
    """How often every character occurs."""
    ...
def vocabulary(counts: np.ndarray, min_count: int=1) -> tuple:
    """The special symbols, then characters by falling frequency."""
    ...
def id_table(vocab: tuple) -> np.ndarray:
    """The id of every code point."""
    ...
def char_ids(texts: list, length: int, table: np.ndarray):
    """Texts as characters of a vocabulary."""
    ...
def symbol_table(vocab: tuple, counts: np.ndarray):
    """A vocabulary as rows."""
    ...
def symbols(ds: Dataset) -> tuple:
    """The vocabulary of such rows."""
    ...
HALVES: Any
FASTA: Any
SUFFIXES: Any
NAME: Any
def find_halves(folder, places: tuple=('',), classes: tuple=()) -> dict | None:
    """The files of both halves."""
    ...
def labelled(halves, half: str, source: Source, wanted: tuple, problem: str | None=None):
    """Yield (place, text, label) of every row of a half."""
    ...
class Texts:
    """The beginnings of many texts in a nameless file, and their labels."""
    file: Any
    labels: Any
    ends: Any

    def __init__(self, rows, empty: str):
        ...

    def __len__(self):
        ...

    def __getitem__(self, i: int) -> list:
        ...

    def chunks(self, order):
        """Yield (row numbers, the texts of each column), a thousand texts at a time."""
        ...

    def counts(self, order) -> np.ndarray:
        """How often every character occurs in some rows."""
        ...

    def tables(self, order, encode):
        """Tables of the rows in that order, with columns `x`, for pairs `x2`, and `y`."""
        ...
def kept(source: Source, find, data_dir, options: dict, sizes: dict, make, fetch):
    """The splits from the cache, from files or from the hub."""
    ...
