"""A mixer in a file, from the command line to the report; an edited mixer is trained again."""

import subprocess
import sys

import pytest
from helpers import MINE

from spt_nb.core import SptError
from spt_nb.protocol import prepare
from spt_nb.experiments.versus_report import versus

pytestmark = pytest.mark.slow


def spt(*args, cwd):
    code = "import sys; from spt_nb.cli import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, *map(str, args)], cwd=cwd, capture_output=True, text=True)


def test_from_a_file_and_a_table_to_the_report(tmp_path):
    (tmp_path/"code").mkdir()
    (tmp_path/"code"/"mine.py").write_text(MINE)
    rows = "\n".join(f"{'abcd'[i % 4]*(3 + i % 5)}{'xy'[i % 2]},{'no yes'.split()[i % 2]}" for i in range(120))
    (tmp_path/"notes.csv").write_text(f"text,label\n{rows}\n")
    args = ("versus", "code/mine.py:Mine", "--data", "notes.csv", "--scale", "smoke", "--seeds", 2, "--against", "attention", "--workers", 2)
    planned = spt(*args, "--dry-run", "--runs", "runs", cwd=tmp_path)
    assert planned.returncode == 0 and "stages" in planned.stdout and not list((tmp_path/"runs").glob("*/manifest.json"))
    p = spt(*args, "--out", "out", "--runs", "runs", cwd=tmp_path)
    assert p.returncode == 0, p.stderr
    assert "After self-pretraining" in p.stdout and "attention (" in p.stdout.split("After self-pretraining")[1]
    assert "most frequent test label scores 50.0" in p.stdout
    assert "data:image/png" in (tmp_path/"out"/"report.html").read_text()
    assert str(tmp_path) not in (tmp_path/"out"/"report.md").read_text()


def test_what_looks_wrong_is_in_the_report(tmp_path):
    "A pretraining that hides too much is named, under the name of the mixer and not of its file."
    (tmp_path/"mine.py").write_text(MINE)
    few = dict(d_model=32, n_layers=1, pretrain_steps=160, finetune_steps=20, valid_every=20, lrs=1e-3, mask_ratio=.95, n_train=512, n_valid=128, n_test=16,
               pretrain_valid_every=20)
    v = versus(f"{tmp_path}/mine.py:Mine", "dyck", ["dlr"], seeds=1, workers=1, seconds=0, quiet=True, runs=tmp_path/"runs", **few)
    said = [line for line in v.diagnostics() if line.startswith("Mine masked seed 0: ") and " at hidden positions" in line]
    assert len(said) == 1 and ("ignoring the context" in said[0] or "nothing that reaches beyond neighbours" in said[0])
    assert said[0] in str(v).splitlines()
    assert "data:image/png" in v._repr_html_() and v.sentences()[0] in v._repr_html_()
    assert f"- {said[0]}" in v.markdown().split("## What looks wrong in the curves")[1].splitlines()


def test_code_is_identity_and_place_is_not(tmp_path):
    def hashes(folder, text):
        (tmp_path/folder).mkdir(exist_ok=True)
        (tmp_path/folder/"mine.py").write_text(text)
        c = prepare("copy_match", [f"{tmp_path}/{folder}/mine.py:Mine"], ("scratch",), 1, "smoke", runs=tmp_path/"runs")
        return [t.hash for t in c.trials.values()]
    first = hashes("a", MINE)
    assert hashes("b", MINE) == first
    assert hashes("a", MINE.replace("cumsum(1)", "cumsum(1)/9")) != first


def test_ours_keep_their_names():
    model = prepare("copy_match", ["dlr"], ("scratch",), 1, "smoke").trials["dlr", "scratch", 0].candidates[0].model
    assert {"source", "folder"}.isdisjoint(model.model_dump())


@pytest.mark.parametrize("wrong, why", [(dict(sead=3), "parameter is 'sead'"), (dict(seeds="x"), "seeds is 'x'"), (dict(d_model=0), "d_model is 0"), (dict(data="none.csv"), "none.csv")])
def test_wrong_arguments_are_said_before_the_mixer_is_tried(monkeypatch, wrong, why):
    monkeypatch.setattr("spt_nb.experiments.versus.contract", lambda *args, **kwargs: pytest.fail("the mixer was tried"))
    with pytest.raises(SptError, match=why):
        versus("dlr", None if "data" in wrong else "copy_match", against=["attention"], scale="smoke", **wrong)


def test_at_paper_scale_all_have_one_budget_one_grid_and_one_size(tmp_path):
    file = tmp_path/"mine.py"
    file.write_text("import torch\nfrom torch import nn\nclass Mine(nn.Module):\n    def __init__(self, d_model):\n        super().__init__()\n        self.a = nn.Linear(d_model, d_model)\n"
                    "        self.b = nn.Linear(d_model, d_model)\n    def forward(self, x): return self.b(torch.cumsum(self.a(x), 1)/torch.arange(1, x.shape[1] + 1)[:, None])\n")
    v = versus(f"{file}:Mine", "listops", against=["attention", "s4"], seeds=1, scale="paper", run=False, quiet=True, seconds=0, runs=tmp_path/"runs",
               n_train=200, n_valid=20, n_test=20, min_length=20, max_length=100)
    sizes = v.sizes.parameters
    assert sizes.max() < 1.1*sizes.min()
    budgets = {(t.pretrain.train.steps, t.pretrain.train.batch_size, t.train.steps*t.train.batch_size, tuple(f.train.lr for f in c.trials[m, "masked", 0].candidates))
               for c in v.comparisons.values() for m in {k[0] for k in c.trials} for t in [c.trials[m, "masked", 0].candidates[0]]}
    assert len(budgets) == 1 and budgets.pop()[:3] == (75_000, 128, 3_840_000)
