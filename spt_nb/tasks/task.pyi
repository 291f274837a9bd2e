# Written by scripts/stubs: do not edit
from typing import Any
import json, os, shutil, tempfile
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
import numpy as np
import pyarrow.parquet as pq
from fastcore.basics import patch
from .. import __version__
from ..core import SptError, digest, flush, one_of, read_json, whole, writable, write_json
from .batches import EOS, SPECIALS, Scale, Split, Windows, permutation, table, transform_of
from datasets import ClassLabel, Dataset, DatasetInfo, Features
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCard, DatasetCardData
from tqdm import tqdm
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

    def export(self, folder, **options) -> Path:
        """Write the task as a folder that `datasets.load_dataset` reads, with a card."""
        ...
KINDS: Any
MODALITIES: Any
_RECORDED: Any
GROUP: Any
FILE: Any
_CARD = '---\n{front}\n---\n# {name}\n\nA task of {kind}: {modality} of length up to {length:,}. Source: {source}.\n- `x`: {inputs}\n- `y`: {target}\n\nMade by `spt_nb.{call}` of spt_nb {spt_nb}, fingerprint `{fingerprint}`. {generator} `task.json` says the same.\n```python\ndata = datasets.load_dataset("{folder}") # this folder, or its name on the Hub\n```\n'
SPLITS: Any
def licence(own, source: str) -> str:
    ...
def free_folder(folder) -> Path:
    """The folder if it is new, empty or an older export, else an `SptError`."""
    ...
FIRST: Any
BYTES: Any
def ended(ids: np.ndarray, parts: list):
    """The ids with `<eos>` at every end, and the lengths with it."""
    ...
def byte_ids(texts: list, length: int):
    """Texts as bytes of UTF-8."""
    ...
SHOWN: Any
def decode(ids, vocab: tuple) -> str:
    """A sequence as text."""
    ...
