# Written by scripts/stubs: do not edit
from typing import Any
from .. import lazy
from .versus_report import versus as versus
