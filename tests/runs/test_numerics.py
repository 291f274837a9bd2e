"""A numerics version is raised when results move: a dozen tiny stages are computed again and held against what they came to."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spt_nb.analysis import statistics
from spt_nb.core import SptError, read_json
from spt_nb.protocol import compare, prepare
from spt_nb.runs.store import Store, code_hash, numerics

pytestmark = pytest.mark.slow

REFERENCE = Path(__file__).parent/"reference_stages.json"  # made by `python tests/runs/test_numerics.py`
CELLS = [("copy_match", m, "masked") for m in ("attention", "rotary", "s4", "s4d", "dlr", "lru", "s5", "mamba")]
CELLS += [("dyck", "transformer", "causal"), ("chains", "dlr", "scratch"), ("memory", "s4", "masked"), ("forecast", "dlr", "contrastive"), ("digits", "s4d", "joint")]


def losses(task, mixer, init, folder):
    "Losses of the stages of one cell: of training, and of validation."
    c = prepare(task, [mixer], [init], 1, "smoke", runs=folder, quiet=True, lrs=3e-3, valid_every=3)
    stage = c.trials[mixer, init, 0].candidates[0]
    stage.obtain(c.store)
    found = [h for s in (*stage.needs, stage) for h in read_json(c.store.path(s.hash)/"history.json")]
    return [round(h[k], 6) for h in found for k in ("train_loss", "loss")]


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_results_move_only_with_the_numerics_version(cell, tmp_path):
    known = json.loads(REFERENCE.read_text())
    assert known["numerics"] == numerics(), "a number was raised: run `python tests/runs/test_numerics.py` and commit what it writes"
    now, then = losses(*cell, tmp_path), known["losses"]["-".join(cell)]
    assert np.allclose(now, then, rtol=2e-3), f"results moved: raise a number in nbs/runs/01_store.ipynb, then run `python tests/runs/test_numerics.py`\n{now}\n{then}"


def test_stages_of_another_numerics_version_are_not_found(tmp_path, monkeypatch):
    first = prepare("copy_match", ["dlr"], ["scratch"], 1, "smoke", runs=tmp_path, quiet=True)
    monkeypatch.setitem(__import__("spt_nb.runs.store", fromlist=["NUMERICS"]).NUMERICS, "models", 99)
    second = prepare("copy_match", ["dlr"], ["scratch"], 1, "smoke", runs=tmp_path, quiet=True)
    assert {t.hash for t in first.trials.values()}.isdisjoint(t.hash for t in second.trials.values())


def test_rows_of_different_numerics_are_not_averaged():
    rows = pd.DataFrame([dict(mixer="dlr", init="scratch", seed=s, score=.5 + s/10, steps=10, numerics=n) for s, n in enumerate(["models 1", "models 1", "models 2"])])
    with pytest.raises(SptError, match="models 2"):
        statistics.summarise(rows)


def test_a_stage_says_what_computed_it(tmp_path):
    c = compare("copy_match", ["dlr"], ["scratch"], 1, "smoke", runs=tmp_path, quiet=True, workers=1)
    said = [read_json(p/"provenance.json") for p in tmp_path.glob("[0-9a-f]*") if (p/"config.json").exists()]
    assert said and all(s["code"] == code_hash() and s["numerics"] == numerics() for s in said)
    assert "computed by other code" not in c.report()


def test_finished_stages_of_other_code_are_named(tmp_path):
    c = compare("copy_match", ["dlr"], ["scratch"], 1, "smoke", runs=tmp_path, quiet=True, workers=1)
    for p in tmp_path.glob("[0-9a-f]*/provenance.json"):
        said = read_json(p) | dict(code="0"*16, version="0.0.0")
        p.write_text(json.dumps(said))
        from spt_nb.runs.store import seal
        seal(p.parent)
    again = prepare("copy_match", ["dlr"], ["scratch"], 1, "smoke", runs=tmp_path, quiet=True)
    assert "computed by other code" in again.run(1, True).report() and "0.0.0" in again.report()


def test_settings_of_accelerate_in_the_environment_change_nothing(tmp_path):
    code = ("import sys; from spt_nb.protocol import compare; from spt_nb.core import file_hash\n"
            "c = compare('copy_match', ['dlr'], ['scratch'], 1, 'smoke', runs=sys.argv[1], quiet=True, workers=1)\n"
            "print(file_hash(c.store.path(c.rows.chosen[0])/'weights.safetensors'))")
    other = dict(ACCELERATE_GRADIENT_ACCUMULATION_STEPS="4", ACCELERATE_MIXED_PRECISION="bf16", ACCELERATE_USE_CPU="true")
    found = [subprocess.run([sys.executable, "-c", code, str(tmp_path/str(i))], capture_output=True, text=True, check=True, env=os.environ | env).stdout
             for i, env in enumerate(({}, other))]
    assert found[0] == found[1]


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory() as d:
        found = {"-".join(c): losses(*c, Path(d)/"runs") for c in CELLS}
    REFERENCE.write_text(json.dumps(dict(numerics=numerics(), losses=found), indent=1) + "\n")
