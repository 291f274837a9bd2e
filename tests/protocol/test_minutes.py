"""Minutes become steps: the same for all rows, the same when the command is repeated, and refused where they cannot be kept."""
import json

import pytest

from spt_nb.core import SptError
from spt_nb.experiments.dry_run import filling
from spt_nb.protocol import compare, prepare
from spt_nb.protocol.minutes import FEWEST, estimate, job_options, within
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    "A comparison of which one seed is finished."
    runs = tmp_path_factory.mktemp("runs")
    compare(**SMALL, runs=runs, quiet=True, workers=1)
    return runs


def planned(runs, **more):
    return prepare(**SMALL | more, runs=runs, quiet=True, load=False)


def test_an_estimate_knows_what_is_finished_without_loading_data(trained):
    one, three = estimate([planned(trained)], 1), estimate([planned(trained, seeds=3)], 1)
    assert (one.stages, one.finished, one.seconds) == (7, 7, 0)
    assert (three.stages, three.finished, three.known) == (21, 7, 10) and 0 < three.longest < three.work < three.seconds


def test_what_finished_stages_took_is_believed(trained):
    before = estimate([planned(trained, seeds=[7])], 1)
    for f in trained.glob("*/timing.json"):
        f.write_text(json.dumps(json.loads(f.read_text()) | dict(seconds=3600.)))
    assert estimate([planned(trained, seeds=[7])], 1).work > 3600 * before.known > before.work


def test_more_workers_end_earlier_and_work_as_much(tmp_path):
    one, four = (estimate([planned(tmp_path, seeds=4)], n, "h200") for n in (1, 4))
    assert four.seconds < one.seconds and four.work == one.work and one.finished == 0
    assert "with 1 worker on an H200 each" in str(one) and "with 4 workers" in str(four)


def test_memory_grows_with_the_batch_and_not_with_seeds(tmp_path):
    small, large, seeds = (estimate([planned(tmp_path, **more)], 1, "h200") for more in (dict(batch_size=8), dict(batch_size=800), dict(batch_size=8, seeds=3)))
    assert small.gigabytes == seeds.gigabytes < large.gigabytes and "in batches of 800" in large.largest


def test_a_job_asks_for_a_gpu_where_a_core_would_take_hours(tmp_path):
    here, there = (job_options([prepare("listops", ["s4"], ["scratch"], 1, scale, runs=tmp_path, load=False, quiet=True)]) for scale in ("smoke", "paper"))
    assert "gpus_per_node" not in here and here["timeout_min"] <= 60 and here["mem_gb"] < 16
    assert there["gpus_per_node"] == 1 and 60 < there["timeout_min"] <= 24 * 60 and "on an H200" in there["note"]


def test_what_is_given_to_slurm_stays(tmp_path):
    given = dict(slurm_time="1:00:00", slurm_mem="3G", slurm_partition="long")
    asked = job_options([planned(tmp_path)], given=given)
    assert {k: v for k, v in asked.items() if k != "note"} == given


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
