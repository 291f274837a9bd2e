# Written by scripts/stubs: do not edit
from typing import Any
import functools, logging, os, platform, shutil, subprocess, sys, time
from pathlib import Path
from fastcore.basics import patch
from filelock import Timeout
import spt_nb
from .. import __version__
from ..core import Lock, SptError, digest, file_hash, flush, read_json, write_json
NUMERICS: Any
PARTS: Any
def numerics() -> dict:
    ...
def code_hash() -> str:
    """A hash of the modules that results depend on."""
    ...
def commit() -> str:
    """The commit that is checked out."""
    ...
def device() -> str:
    """The model of the GPU or the CPU of this machine."""
    ...
def provenance() -> dict:
    """What computed a result, and when: versions, hash of the code, commit, device, the day in UTC; not who or where."""
    ...
def is_scratch(path) -> bool:
    """Does the file only serve the work, and not belong to its result?"""
    ...
def seal(folder):
    """Write `manifest.json`: the SHA-256 of every result in the folder, and of that list itself."""
    ...
def peek(path, kind: type=dict):
    """The dictionary, or the list, in a JSON file."""
    ...
def intact(folder) -> str | None:
    """Check a sealed folder against its manifest."""
    ...
class Store:
    """Stages on disk under one folder."""
    folder: Any

    def __init__(self, folder, make: bool=True):
        ...

    def make(self):
        """Create the folder."""
        ...

    def path(self, key):
        ...

    def partial(self, key):
        ...

    def lock(self, key):
        ...

    def ready(self, key: str) -> bool:
        """Is the stage finished and undamaged? A damaged one is set aside, with a warning."""
        ...

    def obtain(self, config, compute, wait: bool=True) -> Path:
        """The finished stage, computed now if need be."""
        ...

    def finish(self, key) -> Path:
        """Drop what served the work, and give the folder its name in one step."""
        ...
def config_hash(folder) -> str:
    """The hash of the configuration in a folder, which is what a finished stage is called."""
    ...
log: Any
def remove(path):
    """Delete a file, a link or a folder."""
    ...
def state(store: Store, key: str) -> dict:
    """The state of one stage."""
    ...
