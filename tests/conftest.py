"""What all tests share: one thread, no network, and the size of a sweep."""
import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here may need a network


def pytest_addoption(parser):
    parser.addoption("--whole", action="store_true", help="the whole sweep behind each promise of tests/trust, instead of the part that fits into CI")


def pytest_collection_modifyitems(items):
    "Tests that fork come first, before others leave threads behind; then the slow files, so that two workers end together."
    items.sort(key=lambda item: (not hasattr(item.module, "child"), not hasattr(item.module, "pytestmark")))


@pytest.fixture
def size(request):
    "How often to try: `size(small, whole)`."
    return lambda small, whole: whole if request.config.getoption("--whole") else small


@pytest.fixture
def call(monkeypatch, capfd):
    "The command line without the seconds that a process needs for its imports: `call(*args)` gives status, output and errors."
    from spt_nb.cli import main

    def run(*args, cwd=None):
        if cwd:
            monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "path", list(sys.path))
        capfd.readouterr()
        try:
            status = main([str(a) for a in args])
        except SystemExit as e:
            status = e.code
        return status, *capfd.readouterr()
    return run


@pytest.fixture
def measured(request):
    "Say what was measured; a whole sweep leaves it in figures/trust."
    def note(name, **figures):
        print(f"\n{name}: {json.dumps(figures)}")
        if request.config.getoption("--whole"):
            folder = Path(__file__).parent.parent / "figures/trust"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    return note
