"""Minutes become steps: the same for all rows, the same when the command is repeated, and refused where they cannot be kept."""
import json

import pytest

from spt_nb.core import SptError
from spt_nb.experiments.dry_run import filling
from spt_nb.protocol import compare, prepare
from spt_nb.protocol.minutes import FEWEST, makespan, within
from spt_nb.protocol.recipes import recipe

SMALL = dict(task="copy_match", mixers=["dlr"], inits=["scratch", "masked"], seeds=1, scale="smoke")


def test_a_budget_changes_all_steps_alike():
    plain, longer = (recipe("listops", "dlr", "mini", budget=b)[0].flat for b in (1., 3.))
    counted = ("pretrain_steps", "finetune_steps", "warmup", "valid_every")
    assert {k: longer[k]/plain[k] for k in counted} == dict.fromkeys(counted, 3.)
    assert {k: v for k, v in longer.items() if k not in counted} == {k: v for k, v in plain.items() if k not in counted}


def test_a_budget_of_one_changes_no_identity(tmp_path):
    one, same = (prepare(**SMALL, runs=tmp_path, quiet=True, **more) for more in ({}, dict(budget=1.)))
    assert {t.hash for t in one.trials.values()} == {t.hash for t in same.trials.values()}


@pytest.mark.parametrize("workers, seconds", [(1, 12.), (2, 7.), (3, 5.)])
def test_workers_share_a_plan_and_wait_for_what_a_stage_needs(workers, seconds):
    needs = dict(pretrain=[], a=[], b=[], finetune=["pretrain"])
    assert makespan(needs, dict(pretrain=4., a=3., b=4., finetune=1.), workers) == seconds


def test_a_stage_without_time_does_not_stop_the_workers():
    assert makespan(dict(a=[], b=["a"], c=["b"]), dict(a=0., b=0., c=1.), 2) == 1.


@pytest.mark.slow
def test_the_same_minutes_go_on_with_the_same_stages(tmp_path):
    first = compare(**SMALL, runs=tmp_path, quiet=True, workers=1, minutes=.5)
    trained = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*/weights.safetensors")}
    again = compare(**SMALL, runs=tmp_path, quiet=True, workers=1, minutes=.5)
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*/weights.safetensors")} == trained
    assert again.rows.to_json() == first.rows.to_json()
    steps = {s.steps for t in first.trials.values() for c in t.candidates for s in (c, *c.needs)}
    assert min(steps) >= FEWEST and len(json.dumps(first.resolved)) > 0


@pytest.mark.slow
def test_too_few_minutes_are_refused_and_the_least_is_named(tmp_path):
    with pytest.raises(SptError, match=r"minutes is 0.02; allowed: from [\d.]+ for this plan"):
        compare(**SMALL, runs=tmp_path, quiet=True, workers=1, minutes=.02)
    assert not list(tmp_path.glob("*/weights.safetensors"))


@pytest.mark.parametrize("more", [dict(cluster="local"), dict(processes=2)])
def test_minutes_are_of_this_machine(tmp_path, more):
    with pytest.raises(SptError, match="minutes is 5, with a cluster or several processes"):
        compare(**SMALL, runs=tmp_path, quiet=True, minutes=5, **more)


@pytest.mark.parametrize("minutes", [0, -1, float("inf"), float("nan")])
def test_minutes_are_positive(minutes):
    with pytest.raises(SptError, match="minutes is"):
        within(minutes, None)


@pytest.mark.slow
def test_an_experiment_gets_its_budget_as_an_override(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path))
    found = filling(2, "size", "smoke", workers=1, overrides=dict(precision="fp32"))["overrides"]
    assert found["budget"] > 0 and found["precision"] == "fp32"
