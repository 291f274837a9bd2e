# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .attention import Attention as Attention
from .dlr import DLR as DLR
from .lru import LRU as LRU
from .mlstm import MLSTM as MLSTM
from .mamba import Mamba as Mamba
from .rglru import RGLRU as RGLRU
from .s4 import S4 as S4
from .s4d import S4D as S4D
from .lru import S5 as S5
from .backbone import SequenceModel as SequenceModel
from .convolution import WindowConv as WindowConv
from .backbone import count_parameters as count_parameters
from .weights import randomise as randomise
from .weights import transfer as transfer
