# Written by scripts/stubs: do not edit
from typing import Any
__version__ = '0.0.1'
from importlib import import_module
import sys
def lazy(package: str, where: dict, name: str):
    """An attribute of a package, imported when it is first asked for."""
    ...
from .tasks import load_task as load_task
from .tasks import task_names as task_names
from .protocol.plan import compare as compare
from .protocol.plan import sweep as sweep
from .bench.contract import contract as contract
from .experiments.versus_report import versus as versus
from .protocol.predict import predict as predict
from .protocol.predict import load_model as load_model
from .models import SequenceModel as SequenceModel
from .models import Attention as Attention
from .models import S4 as S4
from .models import S4D as S4D
from .models import DLR as DLR
from .models import LRU as LRU
from .models import S5 as S5
from .models import RGLRU as RGLRU
from .models import Mamba as Mamba
from .models import MLSTM as MLSTM
from .protocol.estimators import SelfPretrainedClassifier as SelfPretrainedClassifier
from .protocol.estimators import SelfPretrainedRegressor as SelfPretrainedRegressor
