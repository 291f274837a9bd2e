# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .plan import compare as compare
from .plan import sweep as sweep
from .plan import prepare as prepare
from .comparison import Comparison as Comparison
from .specs import TaskSpec as TaskSpec
from .specs import INITS as INITS
from .trials import trial as trial
