# Written by scripts/stubs: do not edit
from typing import Any
import functools, importlib, importlib.util, inspect, re, sys
from contextlib import contextmanager
from pathlib import Path
import torch, torch.distributed as dist
from fastcore.basics import patch
from torch import nn, Tensor
from torch.nn.parameter import is_lazy
from ..core import SptError, digest, hint, one_of, read_json
from . import Attention, DLR, LRU, MLSTM, Mamba, RGLRU, S4, S4D, S5, WindowConv
from huggingface_hub import ModelCard, PyTorchModelHubMixin, hf_hub_download
def load_file(path):
    """The Python file at this path as a module that is named by its full path; what lies beside it can be imported."""
    ...
MIXERS: Any
def find_mixer(mixer):
    """What builds the mixer: a name, a class or other callable, package.module:Name, or folder/my_file.py:Name."""
    ...
def source_hash(make) -> str:
    """The hash of the code behind a class or function."""
    ...
def identity(mixer) -> dict:
    """What names a mixer in a configuration: a file without its folder, the hash of the code, and where the file is."""
    ...
WITHIN: Any
def build_mixer(mixer, d_model: int, mixer_args: dict, **offered) -> nn.Module:
    """Build one mixer from its arguments, and from those `offered` that its signature names."""
    ...
SIZES: Any
LATER: Any
def mixer_arguments(mixer, sizes: dict) -> tuple:
    """Split sizes into those that the mixer and the model take; those of other mixers are left out."""
    ...
def takes_lengths(mixer: nn.Module) -> bool:
    """Does its `forward` take `lengths`?"""
    ...
def try_mixer(mixer: nn.Module, name, d_model: int, causal: bool=False, max_length: int | None=None):
    """Raise an `SptError` unless the mixer called `name` keeps the shape and, if `causal`, does not look ahead."""
    ...
class LayerNorm(nn.LayerNorm):
    """Layer norm, (B, L, D)."""

    def forward(self, x: Tensor, mask: Tensor | None=None) -> Tensor:
        ...
class BatchNorm(nn.BatchNorm1d):
    """Batch norm over the real positions, (B, L, D); `mask` (B, L) is True on them."""

    def forward(self, x: Tensor, mask: Tensor | None=None) -> Tensor:
        ...

    def normalise(self, x: Tensor) -> Tensor:
        """Over all processes in training; without gradients (a search for what diverged) over this one alone."""
        ...

    def together(self, x: Tensor) -> Tensor:
        """Mean and variance over the positions of all processes; this one may have none."""
        ...
NORMS: Any
class _Total(torch.autograd.Function):
    """A sum over all processes, and so is its gradient."""

    @staticmethod
    def forward(ctx, x):
        ...

    @staticmethod
    def backward(ctx, grad):
        ...
_CARD = '---\n{{ card_data }}\n---\nA sequence model, saved by [spt_nb]({{ paper_url }}): `{{ arguments }}`\n```python\nfrom spt_nb import SequenceModel\nmodel = SequenceModel.from_pretrained(...) # this folder, or its name on the Hub{{ own }}\n```\n'
class HubModel(PyTorchModelHubMixin, library_name='spt_nb', tags=['long-sequences'], model_card_template=_CARD, paper_url='https://arxiv.org/abs/2310.02980'):
    """What gives a model `save_pretrained`, `from_pretrained` and `push_to_hub`."""

    def generate_model_card(self, *args, **kwargs) -> ModelCard:
        ...

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, **given):
        """The model in a folder of `save_pretrained` or `spt export`, or of that name on the Hub."""
        ...
