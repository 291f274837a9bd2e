"""A plan and what becomes of it: exact fractions, sweeps, failures that keep their place, and one line for what cannot be."""
import functools
import logging

import pytest
from torch import nn

from spt_nb.core import SptError
from spt_nb.protocol import plan as plans
from spt_nb.protocol import prepare, sweep
from spt_nb.protocol.trials import by_title
from spt_nb.runs.launch import run_stages

FEW = dict(n_train=64, n_valid=16, n_test=16)
SMALL = dict(task="copy_match", mixers=["dlr"], inits=["scratch"], seeds=1, scale="smoke", quiet=True) | FEW


def rows(**more):
    return prepare(**SMALL | more).task.train.num_rows


@pytest.mark.parametrize("fractions", [(1, 1.), (1., 1)])
def test_one_row_is_not_the_whole(tmp_path, fractions):
    "Whichever comes first in a process."
    asked = [rows(fraction=f, runs=tmp_path, seed=7 + isinstance(fractions[0], int)) for f in fractions]
    assert asked == [1 if isinstance(f, int) else 64 for f in fractions]


def test_a_plan_makes_no_store(tmp_path):
    c = prepare(**SMALL, runs=tmp_path/"runs")
    assert set(c.plan().state) == {"waiting"} and not (tmp_path/"runs").exists()
    assert repr(c) == "Comparison(copy_match: 0 of 1 runs finished)"
    run_stages([], c.store)
    assert (tmp_path/"runs").is_dir()


@pytest.mark.parametrize("ask", ["table", "report", "plot", "examples", "curves", "diagnostics", "differences"])
def test_what_needs_results_says_so(tmp_path, ask):
    c = prepare(**SMALL, runs=tmp_path)
    with pytest.raises(SptError, match=r"^nothing is finished; allowed: after run\(\)$"):
        getattr(c, ask)()
    assert c._repr_html_() is None


def test_nothing_is_saved_before_there_is_something(tmp_path):
    with pytest.raises(SptError, match="nothing is finished"):
        prepare(**SMALL, runs=tmp_path).save(tmp_path/"out")
    assert not (tmp_path/"out").exists()


class Here(nn.Linear):
    def __init__(self, d_model): super().__init__(d_model, d_model)


@pytest.fixture
def asked(monkeypatch):
    "What would be computed, and how; nothing is."
    calls = []
    monkeypatch.setattr(plans, "run_stages", lambda stages, store, *how: calls.append(how) or {})
    monkeypatch.setattr("spt_nb.runs.launch.shutil.which", lambda name: name)
    return calls


def test_a_prepared_comparison_goes_to_a_cluster(tmp_path, asked):
    prepare(**SMALL, runs=tmp_path).run(2, True, cluster="slurm")
    (workers, _, cluster, processes, options), = asked
    assert (workers, cluster, processes) == (2, "slurm", 1) and options["timeout_min"] >= 10


@pytest.mark.parametrize("how, why", [(dict(cluster="local"), "cluster is 'local'; allowed: None"), (dict(processes=2), "processes is 2; allowed: 1")])
def test_a_class_of_main_stays_in_this_process(tmp_path, monkeypatch, asked, how, why):
    monkeypatch.setattr(Here, "__module__", "__main__")
    monkeypatch.setattr("__main__.Here", Here, raising=False)
    c = prepare(**SMALL | dict(mixers=[Here]), runs=tmp_path)
    with pytest.raises(SptError, match=why):
        c.run(**how)
    assert not asked


def test_fewer_workers_than_asked_are_told(tmp_path, monkeypatch, asked, caplog):
    monkeypatch.setattr(Here, "__module__", "__main__")
    monkeypatch.setattr("__main__.Here", Here, raising=False)
    c = prepare(**SMALL | dict(mixers=[Here]), runs=tmp_path)
    with caplog.at_level(logging.INFO, "spt_nb"):
        c.run(2)
        assert "one worker instead of 2" in caplog.text
        caplog.clear()
        c.run()
    assert not caplog.text and [a[0] for a in asked] == [1, 1]


@pytest.fixture
def done(monkeypatch):
    "A run of no time."
    monkeypatch.setattr(plans, "run_together", lambda comparisons, *a: None)
    monkeypatch.setattr(plans.Comparison, "finished", lambda self: self.rows)
    monkeypatch.setattr(plans, "all_rows", lambda *a: None)


def test_a_sweep_takes_any_values(tmp_path, done):
    how = SMALL | dict(runs=tmp_path)
    assert list(sweep("d_model", (d for d in (8, 16)), **how)) == [8, 16]
    by_lrs = sweep("lrs", [[1e-3], [1e-3, 1e-2]], **how)
    assert {k: len(t.candidates) for k, c in by_lrs.items() for t in c.trials.values()} == {(1e-3,): 1, (1e-3, 1e-2): 2}


@pytest.mark.parametrize("values, why", [([], "d_model is empty"), (8, "d_model is 8; allowed: a list"), ([8, 8], "each once"), ([{}], "allowed: a list of numbers")])
def test_wrong_values_of_a_sweep(values, why):
    with pytest.raises(SptError, match=why):
        sweep("d_model", values, **SMALL)


def test_a_sweep_is_checked_first_and_says_when_nothing_could_be_finished(tmp_path, monkeypatch):
    with pytest.raises(SptError, match="workers is 0"):
        sweep("d_model", [8], **SMALL, workers=0)
    monkeypatch.setattr(plans, "run_stages", lambda stages, *how: {s.hash: "no memory" for t in stages for s in (t, *t.candidates)})
    with pytest.raises(SptError, match="no stage could be finished: no memory"):
        sweep("d_model", [8, 16], **SMALL, runs=tmp_path)


def test_no_failure_hides_another(tmp_path, monkeypatch):
    "Equal titles of two sizes, of two tasks, and of two starts: each comparison has its own failures, the run has all."
    how = SMALL | dict(runs=tmp_path)
    a, b, c = prepare(**how), prepare(**how, d_model=24), prepare(**how | dict(task="dyck"))
    lost = {x.hash: f"fault {i}" for i, d in enumerate((a, b, c)) for t in d.trials.values() for x in t.candidates}
    monkeypatch.setattr(plans, "run_stages", lambda *args: lost)
    everything = plans.run_together([a, b, c], 1, True)
    assert sorted(everything.values()) == sorted(lost.values()) and len(everything) == len(lost)
    assert all(t.startswith(("copy_match: dlr from scratch", "dyck: dlr from scratch")) for t in everything)
    assert [set(d.failed.values()) for d in (a, b, c)] == [{"fault 0"}, {"fault 1"}, {"fault 2"}]
    assert {*a.failed} == {s.title for t in a.trials.values() for s in t.candidates}
    plans.run_together([b], 1, True)
    assert list(b.failed) == list(a.failed), "the title of a single comparison is the plain one"


def test_equal_titles_of_one_plan_have_their_hash(tmp_path):
    c = prepare(**SMALL | dict(inits=["scratch", "scratch+random-all"]), runs=tmp_path)
    lost = {s.hash: "fault" for t in c.trials.values() for s in t.candidates}
    assert {t[-9:-1] for t in by_title(c.trials.values(), lost)} == {h[:8] for h in lost}


def test_what_has_no_name_is_no_mixer():
    with pytest.raises(SptError, match="mixer is functools.partial.* allowed: a name, a class"):
        prepare(**SMALL | dict(mixers=[functools.partial(Here)]))
