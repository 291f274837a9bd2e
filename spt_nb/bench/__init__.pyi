# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .contract import contract as contract
