"""The estimators are those of scikit-learn: its own checks, folds that leave nothing behind, and one line without it."""
import functools
import getpass
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from spt_nb import SelfPretrainedClassifier, SelfPretrainedRegressor
from spt_nb.core import SptError

QUICK = dict(pretrain_steps=2, finetune_steps=50, d_model=16, n_layers=1, lr=1e-2, recipe=dict(n_heads=2))
TINY = dict(pretrain_steps=2, finetune_steps=2, d_model=8, n_layers=1, random_state=0)
ROUNDING = "sums of float32 in batches of another size differ in the seventh digit, more than the 1e-7 that is allowed"
FAILING = dict(check_methods_subset_invariance=ROUNDING, check_methods_sample_order_invariance=ROUNDING)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((30, 6)), np.array(["no", "yes"])[np.arange(30) % 2]


@pytest.mark.slow
@parametrize_with_checks([SelfPretrainedClassifier(**QUICK), SelfPretrainedRegressor(**QUICK)], expected_failed_checks=lambda e: FAILING)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_folds_leave_nothing_behind(data, tmp_path, monkeypatch):
    "No store, no cache and no temporary folder stays."
    for name in ("SPT_RUNS", "SPT_DATA"):
        monkeypatch.delenv(name, raising=False)
    here, temporary = (tmp_path / n for n in ("here", "temporary"))
    here.mkdir(), temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(here)
    assert np.isfinite(cross_val_score(SelfPretrainedClassifier(**TINY), *data, cv=2)).all()
    assert not os.listdir(here) and {*os.listdir(temporary)} <= {f"torchinductor_{getpass.getuser()}"}  # which torch makes


def test_a_seed_decides_everything_and_leaves_the_generators_alone(data):
    import torch
    before = torch.get_rng_state(), np.random.get_state()[1]
    a, b = (SelfPretrainedClassifier(**TINY).fit(*data).predict_proba(data[0]) for _ in range(2))
    c = SelfPretrainedClassifier(**TINY | dict(random_state=1)).fit(*data).predict_proba(data[0])
    assert (a == b).all() and (a != c).any()
    assert (torch.get_rng_state() == before[0]).all() and (np.random.get_state()[1] == before[1]).all()


def test_rows_held_out_are_not_trained_on(data, monkeypatch):
    "Both stages train on the same rows, and none of those that choose among their steps is one of them."
    from spt_nb.protocol import estimators
    seen, Trainer = [], estimators.Trainer

    def watch(model, task, *args):
        seen.append([{tuple(map(float, np.ravel(x))) for x in ds["x"]} for ds in (task.train, task.valid)])
        return Trainer(model, task, *args)
    monkeypatch.setattr(estimators, "Trainer", watch)
    SelfPretrainedClassifier(**TINY).fit(*data)
    (pre, held), (labelled, again) = seen
    assert (len(pre), len(held)) == (26, 4) and pre == labelled and held == again and not pre & held


def test_pretraining_alone_reads_rows_without_labels(data, monkeypatch):
    from spt_nb.protocol import estimators
    rows, Trainer = [], estimators.Trainer
    monkeypatch.setattr(estimators, "Trainer", lambda model, task, *a: rows.append(len(task.train)) or Trainer(model, task, *a))
    SelfPretrainedClassifier(**TINY).fit(*data, unlabelled=data[0][:20] + 1)
    assert rows == [46, 26]


@pytest.mark.parametrize("init", ["scratch", "causal", "contrastive", "joint", "scratch-matched", "scratch-tuned", "masked:0.5"])
def test_any_initialisation(data, init):
    assert set(SelfPretrainedClassifier(**TINY | dict(init=init)).fit(*data).predict(data[0])) <= {"no", "yes"}


def test_a_whole_recipe(data):
    "The recipe of a comparison is taken as it is, and wins over the parameters."
    from spt_nb.protocol.recipes import recipe
    whole = recipe("own", "s4d", "mini", "masked", d_model=12, n_layers=2, pretrain_steps=2, finetune_steps=2, d_state=8)[0]
    stage = SelfPretrainedClassifier("s4d", **TINY | dict(recipe=whole.flat)).fit(*data).predictor_.stage
    assert (stage.model.d_model, stage.model.n_layers, stage.train.batch_size, stage.model.positions) == (12, 2, 64, "none")


def test_a_fitted_estimator_is_pickled_and_cloned(data):
    m = SelfPretrainedClassifier(**TINY).fit(*data)
    assert (pickle.loads(pickle.dumps(m)).predict_proba(data[0]) == m.predict_proba(data[0])).all()
    assert clone(m).get_params() == m.get_params() and not hasattr(clone(m), "predictor_")
    assert GridSearchCV(clone(m), {"init": ["scratch", "masked"]}, cv=2).fit(*data).best_params_["init"] in ("scratch", "masked")


def test_targets_come_back_in_their_units(data):
    m = SelfPretrainedRegressor(**TINY).fit(data[0], 5000 + 10*data[0][:, 0])
    assert (abs(m.predict(data[0]) - 5000) < 100).all()


@pytest.mark.parametrize("X, new, why", [
    (["a b", "c d"]*5, ["e", ""], "row 2 of X is empty"), (["a b", "c d"]*5, [[1., 2.]], "allowed: text, as in training"),
    ([[1, 2], [3]]*5, [[1., float("nan")], [2.]], "row 1 of X holds NaN"), (np.zeros((10, 4, 2)), np.zeros((1, 4, 3)), "but training has 2"),
    (np.eye(10)[:, :5], [[1, 2], [3]], r"allowed: an array of shape \(n, 5\)"), (np.eye(10)[:, :5], np.eye(3), "X has 3 features")])
def test_new_rows_that_do_not_fit(X, new, why):
    m = SelfPretrainedClassifier(**TINY).fit(X, [0, 1]*5)
    with pytest.raises(ValueError, match=why):
        m.predict(new)


@pytest.mark.parametrize("wrong, why", [
    (dict(init="text-lm"), "init is 'text-lm'"), (dict(mixer="atention"), "did you mean attention"), (dict(recipe=dict(dropuot=.1)), "did you mean dropout"),
    (dict(finetune_steps=0), "finetune_steps is 0"), (dict(valid=2), "valid is 2"), (dict(tokens="words"), "tokens of column 'x'")])
def test_parameters_that_cannot_be(data, wrong, why):
    with pytest.raises(SptError, match=why):
        SelfPretrainedClassifier(**TINY | wrong).fit(*data)


def test_without_scikit_learn():
    "One line says what to install, and the other names of the package work."
    code = "import sys; sys.modules['sklearn'] = None\nimport spt_nb\nspt_nb.task_names\ntry: spt_nb.SelfPretrainedClassifier\nexcept spt_nb.core.SptError as e: print(e)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "the estimators need the package scikit-learn, 1.6 or newer; allowed: after pip install 'spt_nb[sklearn]'"


def test_a_rate_that_diverges_is_left_out(data):
    "The rate that holds is chosen; if none does, the last divergence is the error."
    both, one = (SelfPretrainedClassifier(**TINY, init="scratch", recipe=dict(lrs=lrs)) for lrs in ((1e-3, 1e30), 1e30))
    assert both.fit(*data).predictor_.stage.train.lr == 1e-3
    with pytest.raises(SptError, match="diverged at step .* allowed: a smaller lr"):
        one.fit(*data)


def test_validation_on_the_training_rows_is_said(data):
    with pytest.warns(UserWarning, match="each class has one row: validation reads the training rows"):
        SelfPretrainedClassifier(**TINY).fit(data[0][:2], ["a", "b"])


def test_rows_that_are_cut_are_said():
    m = SelfPretrainedClassifier(**TINY).fit(["a b", "c d"]*5, [0, 1]*5)
    with pytest.warns(UserWarning, match="1 of 2 rows are longer than 4; only their beginning is read"):
        m.predict(["a b", "a b c d e f"])


def test_a_mixer_without_a_name_is_refused(data):
    with pytest.raises(SptError, match="mixer is functools.partial.* allowed: a name, a class"):
        SelfPretrainedClassifier(functools.partial(dict), **TINY).fit(*data)
