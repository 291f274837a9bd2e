# Written by scripts/stubs: do not edit
from typing import Any
from dataclasses import dataclass, replace
from numbers import Integral, Real
from ..core import SptError, digest, one_of, whole
from .batches import EOS, SPECIALS, UNK, Split, permutation, table
import numpy as np
from datasets import Dataset
from fastcore.basics import patch
@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """What is learned: three splits and the sizes that a model needs."""
    name: str
    kind: str
    modality: str
    length: int
    n_outputs: int
    train: Dataset
    valid: Dataset
    test: Dataset
    vocab_size: int | None = None
    channels: int | None = None
    vocab: tuple | None = None
    classes: tuple | None = None
    levels: int | None = None
    span: tuple = (-1.0, 1.0)
    unit: float = 1.0
    centre: float = 0.0
    mask_ratio: float = 0.15
    source: str = ''
    fingerprint: str = ''
    reader: dict | None = None

    def __post_init__(self):
        ...

    def __repr__(self):
        ...

    def record(self) -> dict:
        """What must be known to answer new rows, and in a few words what the training data was."""
        ...

    def subset(self, size: float | int, draw: int=0) -> Task:
        """The same task with fewer training examples; of one draw, a smaller subset lies inside a larger one."""
        ...
KINDS: Any
MODALITIES: Any
_RECORDED: Any
FIRST: Any
BYTES: Any
def byte_ids(texts: list, length: int):
    """Texts as bytes of UTF-8."""
    ...
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
SHOWN: Any
def decode(ids, vocab: tuple) -> str:
    """A sequence as text."""
    ...
def symbol_table(vocab: tuple, counts: np.ndarray):
    """A vocabulary as rows."""
    ...
def symbols(ds: Dataset) -> tuple:
    """The vocabulary of such rows."""
    ...
