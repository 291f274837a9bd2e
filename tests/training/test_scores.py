"""Scores beside accuracy, the floor of a test set, and a model that learned nothing."""
import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers import MINE

from spt_nb.training import evaluation as scores
from spt_nb.protocol.comparison import Comparison
from spt_nb.core import SptError, read_json
from spt_nb.protocol import prepare
from spt_nb.tasks import load_task
from spt_nb.experiments.versus_report import versus

FEW = dict(d_model=16, n_layers=1, pretrain_steps=10, finetune_steps=40, valid_every=20, batch_size=16, lrs=1e-2, n_train=100, n_valid=50, n_test=50)


def write(path, rows, names=("text", "label")):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows([names, *rows])


def same_text(folder):
    "A table whose rows cannot be told apart: 70% of the training labels are 'no', and 84% of the test labels."
    for split, n, share in (("train", 100, .70), ("valid", 50, .70), ("test", 50, .84)):
        write(folder / f"{split}.csv", [("the same in every row", "no" if i < share*n else "yes") for i in range(n)])
    return folder


@pytest.mark.parametrize("seed", range(5))
def test_against_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng, classes = np.random.default_rng(seed), 2 + seed
    y = rng.integers(0, classes, 200)
    p = rng.dirichlet(np.ones(classes), 200).round(1).astype(np.float32)  # rounded: with ties
    said = p.argmax(1)
    assert scores.balanced_accuracy(y, said) == pytest.approx(metrics.balanced_accuracy_score(y, said))
    assert scores.macro_f1(y, said) == pytest.approx(metrics.f1_score(y, said, average="macro"))
    areas = [metrics.roc_auc_score(y == c, p[:, c]) for c in (range(classes) if classes > 2 else [1])]
    assert scores.auroc(y, p) == pytest.approx(np.mean(areas))
    error = scores.scores("regression", y, said, unit=3.)
    assert error["rmse"] == pytest.approx(3*metrics.mean_squared_error(y, said)**.5)
    assert error["mae"] == pytest.approx(3*metrics.mean_absolute_error(y, said))


def test_by_hand():
    y, said = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert scores.floor_of(y) == .75
    assert scores.balanced_accuracy(y, said) == pytest.approx((2/3 + 1)/2)
    assert scores.macro_f1(y, said) == pytest.approx((4/5 + 2/3)/2)
    p = np.array([.1, .6, .7, .6])
    assert scores.auroc(y, np.stack([1 - p, p], 1)) == pytest.approx((1 + .5 + 0)/3)  # above one, level with one, below one


def test_a_class_that_is_missing_is_left_out():
    y, p = np.array([0, 0, 2, 2]), np.eye(4)[[0, 1, 2, 3]]
    assert scores.auroc(y, p) == pytest.approx((.75 + .75)/2)
    assert scores.balanced_accuracy(y, p.argmax(1)) == .5
    assert scores.auroc(y*0, p) is None and scores.scores("classification", y*0, y*0, p)["auroc"] is None


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_constant_answer_is_named(tmp_path, seeds):
    c = prepare("own", ["conv"], ["scratch"], seeds, "smoke", tmp_path / "runs", data=same_text(tmp_path / "data"), quiet=True, **FEW)
    c.run(workers=1, quiet=True)
    assert c.failed == {}
    assert c.floor() == .84
    rows, table, said = c.rows, c.table(), c.report().splitlines()
    assert (rows.score == .84).all() and (rows.floor == .84).all() and (table["floor"] == .84).all()
    assert (rows.balanced_accuracy == .5).all() and rows.auroc.to_numpy() == pytest.approx(.5, abs=.02)
    assert rows.macro_f1.to_numpy() == pytest.approx(2*.84/1.84/2)
    assert "always the most frequent test label: 84.0" in said
    assert "Not told apart from always giving the most frequent test label (84.0%): conv (scratch)." in said
    assert {"balanced", "F1", "AUROC"} < set(next(line for line in said if line.startswith("mixer")).split())
    answers = pd.read_parquet(c.store.path(next(iter(c.trials.values())).hash) / "test.parquet")
    assert list(answers) == ["example", "y", "prediction", "probability"]
    p = np.stack(answers.probability)
    assert p.shape == (50, 2) and p.dtype == np.float32 and np.allclose(p.sum(1), 1)


def test_versus_names_it_too(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    v = versus(f"{tmp_path}/mine.py:Mine", against=["conv"], data=same_text(tmp_path / "data"), scale="smoke", seeds=1, seconds=0, workers=1,
               quiet=True, runs=tmp_path / "runs", **FEW)
    notice = "Not told apart from always giving the most frequent test label (84.0%): Mine (scratch-tuned, masked), conv (scratch-tuned, masked)."
    assert v.failed == {} and v.floor() == .84 and notice in v.notices() and notice in str(v).splitlines()
    assert (v.table().balanced_accuracy == .5).all() and "AUROC" in str(v)
    page = v.markdown()
    assert notice in page and "most frequent test label scores 84.0" in page and "| balanced | F1 | AUROC |" in page


def test_floors_of_seeds_with_data_of_their_own(tmp_path):
    "Each row has the floor of its own test set; the comparison has their mean."
    trials = {}
    for seed, share in ((0, .6), (1, .8)):
        rows = [("ab"*(2 + i % 3), "no" if i < share*20 else "yes") for i in range(20)]
        for split in ("train", "valid", "test"): write(tmp_path / str(seed) / f"{split}.csv", rows)
        c = prepare("own", ["conv"], ["masked"], [seed], "smoke", tmp_path / "runs", data=tmp_path / str(seed), quiet=True, **FEW)
        trials |= c.trials
    both = Comparison(trials, c.store, {}).run(workers=1, quiet=True)
    assert list(both.rows["floor"]) == [.6, .8] and both.floor() == pytest.approx(.7)
    assert both.table()["floor"].item() == pytest.approx(.7)
    assert isinstance(both.diagnostics(), list)


def test_errors_are_in_the_units_of_the_target(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(" ".join(f"{v:.3f}" for v in rng.normal(size=8)), f"{1000 + 50*rng.normal():.3f}") for _ in range(60)]
    write(tmp_path / "table.csv", rows, ("series", "target"))
    how = dict(data=tmp_path / "table.csv", kind="regression")
    c = prepare("own", ["conv"], ["scratch"], 1, "smoke", tmp_path / "runs", quiet=True, **how, **FEW).run(workers=1, quiet=True)
    assert c.failed == {} and c.floor() is None and np.isnan(c.rows["floor"].item())
    said = pd.read_parquet(c.store.path(next(iter(c.trials.values())).hash) / "test.parquet")
    assert list(said) == ["example", "y", "prediction"]
    error = (said.prediction - said.y).to_numpy(float)*c.task.unit
    assert 25 < c.task.unit < 100 and c.rows.rmse.item() == pytest.approx((error**2).mean()**.5, rel=1e-5)
    assert c.rows.mae.item() == pytest.approx(abs(error).mean(), rel=1e-5)
    assert c.rows.score.item() == pytest.approx(1 - (c.rows.rmse.item()/c.task.unit)**2/said.y.to_numpy(float).var(), rel=1e-4)
    report = c.report()
    assert "errors (RMSE, MAE) in the units of the target" in report and f"{c.rows.rmse.item():.3g}" in report
    if c.table()["low"].item() <= 0: assert "Not told apart from always giving the mean of the targets (R2 0): conv (scratch)." in report


def test_a_run_that_stopped_early_shows_the_steps_it_took(tmp_path):
    for split in ("train", "valid", "test"):
        write(tmp_path / "data" / f"{split}.csv", [("ab"[i % 2]*6, "no yes".split()[i % 2]) for i in range(64)])
    c = prepare("own", ["conv"], ["scratch"], 1, "smoke", tmp_path / "runs", data=tmp_path / "data", quiet=True, **FEW | dict(finetune_steps=400))
    c.run(workers=1, quiet=True)
    [row] = c.rows.to_dict("records")
    metrics = read_json(c.store.path(row["chosen"]) / "metrics.json")
    assert metrics["stopped"] == "perfect" and row["score"] == 1
    assert row["steps_taken"] == metrics["step"] < row["steps"] == 400
    assert f" {metrics['step']} " in next(line for line in c.report().splitlines() if line.startswith("conv"))


def test_columns_stay_in_line_with_wide_intervals(tmp_path, monkeypatch):
    c = prepare("copy_match", ["conv"], ["scratch", "scratch-matched"], 1, "smoke", tmp_path / "runs", quiet=True).run(workers=1, quiet=True)
    wide = c.table().assign(mean=[.5, 1.], low=[.4, .998], high=[.6, 1.])
    monkeypatch.setattr(Comparison, "table", lambda self: wide)
    head, *lines = [line for line in c.report().splitlines() if line.startswith(("mixer", "conv  "))]
    assert "50.0 ± 10.0" in lines[0] and "100.0 [99.8, 100.0]" in lines[1]
    assert {line.index(" x ", head.index("lr x") - 1) > 0 for line in lines} == {True}
    assert len({line[:head.index("lr x")].rstrip()[-1] for line in lines}) == 1 and "SPT share" in head


def test_rows_carry_the_version_that_computed_them(tmp_path):
    c = prepare("copy_match", ["conv"], ["scratch"], 1, "smoke", tmp_path / "runs", quiet=True).run(workers=1, quiet=True)
    assert isinstance(c.rows.version.item(), str) and isinstance(c.rows.numerics.item(), str)
    (tmp_path / "provenance.json").write_text('{"version": "9.8.7", "commit": "0123456789abcdef", "device": "Abacus 3"}')
    stage = SimpleNamespace(hash="", numerics=dict(models=2, data=1), train=SimpleNamespace(precision="bf16"))
    found = Comparison({}, SimpleNamespace(path=lambda _: tmp_path), {})._origin(SimpleNamespace(hash=""), stage)
    assert found == dict(numerics='{"data":1,"models":2}', precision="bf16", version="9.8.7", commit="0123456789ab", device="Abacus 3", date="")


def test_unit_must_be_positive():
    task = load_task("copy_match", n_train=4, n_valid=4, n_test=4)
    with pytest.raises(SptError, match="unit is 0; allowed: a number greater than 0"): replace(task, unit=0)
