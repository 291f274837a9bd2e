# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .store import Store as Store
from .launch import run_stages as run_stages
from .launch import log_to as log_to
