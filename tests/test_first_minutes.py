"""A reader's first commands answer at once: they import none of the heavy libraries."""
import subprocess
import sys

import pytest

HEAVY = ("torch", "accelerate", "datasets", "pandas", "matplotlib", "pydantic", "papermill", "nbformat")
RUN = """
import os, sys
from resource import RUSAGE_SELF, getrusage
sys.argv = ["spt", *sys.argv[1:]]
import spt_nb
if len(sys.argv) > 1:
    from spt_nb.cli import main
    assert main() == 0
used = getrusage(RUSAGE_SELF)
print("imported:", *(m for m in {heavy} if m in sys.modules), file=sys.stderr)
print("seconds:", used.ru_utime + used.ru_stime, file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["", "--help", "--version", "experiment", "tasks", "status {runs}"])
def test_first_commands_are_light(tmp_path, monkeypatch, command):
    monkeypatch.setenv("SPT_DATA", str(tmp_path))
    (tmp_path / "runs").mkdir()
    args = [w.format(runs=tmp_path / "runs") for w in command.split()]
    p = subprocess.run([sys.executable, "-c", RUN.format(heavy=HEAVY), *args], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    imported, seconds = p.stderr.splitlines()[-2:]
    assert imported == "imported:", imported
    assert float(seconds.split()[1]) < 2, seconds  # 0.1 to 0.3 on an idle core
