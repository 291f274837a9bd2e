"""What every notebook promises: it is the source of its module, it runs, and it shows nothing private."""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import papermill
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(p for p in (ROOT / "nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
EXPERIMENTS = [p for p in NOTEBOOKS if p.parent.name == "experiments" and p.name < "80"]  # from 80 on, pages export modules


def ids(p):
    return str(p.relative_to(ROOT / "nbs"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids)
def test_outputs_are_fit_to_print(path):
    nb = json.loads(path.read_text())
    code = [c for c in nb["cells"] if c["cell_type"] == "code"]
    outputs = json.dumps([c["outputs"] for c in code])
    assert not re.search(r"Traceback|/home/|/root/|/tmp/|/work/|/Users/", outputs)
    ran = [c["execution_count"] for c in code if c["execution_count"]]
    assert ran == sorted(ran), "cells were run out of order"
    text = "".join(nb["cells"][0]["source"])
    assert re.match(r"# .+\n\n> .+", text), "the first cell is a title and a claim"


@pytest.mark.parametrize("path", EXPERIMENTS, ids=ids)
def test_one_parameters_cell(path):
    tags = [c["metadata"].get("tags", []) for c in json.loads(path.read_text())["cells"]]
    assert sum("parameters" in t for t in tags) == 1


# nbdev_test runs the cells of all of them at smoke scale
@pytest.mark.parametrize("path", [p for p in EXPERIMENTS if p.stem in ("00_quickstart", "04_data")], ids=ids)
def test_experiment_runs_under_papermill(path, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    papermill.execute_notebook(path, tmp_path / "out.ipynb", dict(scale="smoke", seeds=2), cwd=path.parent, progress_bar=False)


def test_export_is_what_is_committed(tmp_path):
    for name in ("nbs", "spt_nb", "settings.ini", "setup.py", "README.md"):
        src = ROOT / name
        (shutil.copytree if src.is_dir() else shutil.copy)(src, tmp_path / name)
    for p in (tmp_path / "spt_nb").rglob("*.py"):
        p.unlink() if p.name != "__init__.py" or p.parent.name != "spt_nb" else None
    subprocess.run([sys.executable, "-c", "from nbdev.export import nb_export; from nbdev.doclinks import nbdev_export; nbdev_export()"],
                   cwd=tmp_path, check=True)
    old, new = ({str(p.relative_to(d)): p.read_text() for p in (d / "spt_nb").rglob("*.py")} for d in (ROOT, tmp_path))
    assert old == new
