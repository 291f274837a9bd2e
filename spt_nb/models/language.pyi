# Written by scripts/stubs: do not edit
from typing import Any
import inspect, re
from functools import lru_cache
from pathlib import Path
import safetensors.torch, torch
from fastcore.basics import patch
from huggingface_hub import snapshot_download
from torch import nn, Tensor
from ..core import SptError, digest, file_hash, one_of, read_json, replacing, whole
from .backbone import SequenceModel, build_head, check_sizes
from .mixer import MIXERS
from .weights import transfer
PYTHIA = 'pythia'
BUILT_IN: Any
def neox_config(d_model: int, n_layers: int, n_heads: int, ff_expand: int, dropout: float=0.0):
    """The `GPTNeoXConfig` of a Pythia of some size; its own embedding is not used."""
    ...
class LevelEmbedding(nn.Embedding):
    """A vector for each level of a value, (B, L, 1) to (B, L, D)."""
    low: Any
    high: Any

    def __init__(self, levels: int, d_model: int, span: tuple):
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...
FIXED_ARGS: Any
class LanguageModel(SequenceModel):
    """A `SequenceModel` around the blocks of a GPT-NeoX."""
    d_model: int
    channels: Any
    max_length: int | None
    positions: Any
    pooling: str
    head_name: str
    recover: Any
    body: Any
    encoder: Any
    head: Any

    def __init__(self, mixer, d_model: int, n_layers: int, n_outputs: int, vocab_size=None, channels=None, mixer_args: dict | None=None, head: str='linear', pooling: str='mean', ff_expand: int=4, max_length: int | None=None, dropout: float=0.0, levels: int | None=None, span: tuple=(-1.0, 1.0), **fixed):
        ...

    @property
    def blocks(self):
        ...

    def features(self, x: Tensor, lengths: Tensor | None=None, spare: bool=False, rate: float=1.0) -> Tensor:
        """The last hidden states, (B, L, D)."""
        ...

    def init_state(self, B: int) -> tuple:
        """The state before the first of B sequences."""
        ...

    def read_on(self, x: Tensor, lengths: Tensor | None, state: tuple, rate: float=1.0) -> tuple:
        """Read a chunk after what is in the state."""
        ...

    def step(self, x_t: Tensor, state: tuple, rate: float=1.0) -> tuple:
        """Read one position."""
        ...
def build_model(**arguments) -> SequenceModel:
    """The `LanguageModel` or `SequenceModel` of these arguments."""
    ...
def blank_language_model(**arguments) -> LanguageModel:
    """The model without numbers."""
    ...
def generate(model: SequenceModel, ids: Tensor, n: int, temperature: float=1.0):
    """Tokens that continue sequences, (B, n)."""
    ...
_FILES: Any
def find_lm(lm: str) -> Path:
    """The folder with the files of a language model: a folder, or the name of a model on the hub, which is downloaded."""
    ...
def lm_fingerprint(folder: Path) -> str:
    """The hash of the files of a language model, computed again when a file has changed."""
    ...
def lm_sizes(folder: Path) -> dict:
    """The sizes of a language model, if it is a Pythia."""
    ...
_OURS: Any
def read_lm(folder: Path) -> dict:
    """The weights of a language model by our names; its unembedding is its head."""
    ...
_TOKENS: Any
def take_lm(lm: str, fingerprint: str, folder: Path) -> dict:
    """Copy weights and tokenizer of a language model of this hash into a folder."""
    ...
def spelled(vocab: tuple | None, levels: int | None=None) -> list:
    """How the symbols of all ids of a task are written, or the levels of its values."""
    ...
def text_ids(texts: list, tokenizer: Path | None) -> list:
    """What a text model reads for each symbol, by its `tokenizer.json`; None: it reads bytes, from id 4."""
    ...
def transfer_text(state: dict, model: LanguageModel, ids: list) -> list:
    """Load the weights of a text model, with a row for each symbol's ids from `text_ids`, and account for every tensor."""
    ...
