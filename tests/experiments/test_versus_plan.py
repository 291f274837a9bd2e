"""The plan of `versus`: a budget that counts once, a mixer with a name, and no trace of a plan that is not run."""
import functools

import pytest
from torch import nn

from spt_nb.core import SptError
from spt_nb.experiments.versus_report import versus

SMALL = dict(task="copy_match", against=["attention"], seeds=1, run=False, quiet=True, seconds=0, n_train=32, n_valid=16, n_test=16)


class Line(nn.Linear):
    def __init__(self, d_model): super().__init__(d_model, d_model)


def steps(runs, **more):
    "Pretraining and fine-tuning steps of each mixer."
    v = versus(Line, **SMALL | more, runs=runs)
    first = {m: next(t.candidates[0] for (_, i, _), t in c.trials.items() if i == "masked") for m, c in v.comparisons.items()}
    return {m: (s.pretrain.train.steps, s.train.steps) for m, s in first.items()}


@pytest.mark.slow
def test_a_budget_counts_once(tmp_path):
    how = dict(match="compute", scale="smoke")
    plain, longer = steps(tmp_path, **how), steps(tmp_path, **how, budget=3.)
    assert longer == {m: tuple(3*n for n in s) for m, s in plain.items()}


@pytest.mark.slow
def test_a_budget_counts_once_at_paper_scale(tmp_path):
    how = dict(task="listops", scale="paper", min_length=20, max_length=60, d_model=16, n_layers=1)
    plain, tenth = steps(tmp_path, **how), steps(tmp_path, **how, budget=.1)
    assert tenth == {m: tuple(round(n/10) for n in s) for m, s in plain.items()}


def test_a_plan_makes_no_store(tmp_path):
    v = versus(Line, **SMALL, scale="smoke", runs=tmp_path/"runs")
    assert "stages" in v.plan("h200") and v._repr_html_() is None and not (tmp_path/"runs").exists()
    with pytest.raises(SptError, match="nothing is finished"):
        v.table()


def test_a_mixer_without_a_name_is_refused_before_it_is_tried(monkeypatch):
    monkeypatch.setattr("spt_nb.experiments.versus.contract", lambda *args, **kwargs: pytest.fail("the mixer was tried"))
    with pytest.raises(SptError, match="mixer is functools.partial"):
        versus(functools.partial(Line), **SMALL, scale="smoke")
