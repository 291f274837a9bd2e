# Written by scripts/stubs: do not edit
from typing import Any
import torch, torch.nn.functional as F
from fastcore.basics import patch
from torch import nn, Tensor
from ..core import divisor, one_of
from .hippo import as_complex, check_rate, check_state_space, log_uniform, nplr_legs
from .lru import SharedStateMixer, full
from .s4d import discretise
def hippo_blocks(N: int, J: int, D: int, directions: int=1) -> tuple:
    """Lambda, B and C of J normal HiPPO matrices with N real states in all, with random inputs and outputs."""
    ...
class S5(SharedStateMixer):
    """A state space model with one state for all channels, (B, L, d_model) to (B, L, d_model)."""
    log_neg_re: Any
    im: Any
    B: Any
    C: Any
    log_dt: Any
    gate: Any
    ssm_parameters: Any
    dt_parameters: Any

    def __init__(self, d_model: int, d_state: int=64, n_blocks: int=4, init: str='structured', causal: bool=False, dropout: float=0.0, dt_min: float=0.001, dt_max: float=0.1):
        ...

    def system(self, rate: float=1.0) -> tuple:
        ...

    def readout(self, y: Tensor) -> Tensor:
        ...
