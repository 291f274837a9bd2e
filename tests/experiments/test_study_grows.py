"""Results that grow: seeds of several laboratories join in one table, and what does not mean the same is refused."""
import json
import os
import re
import signal
import time

import nbformat
import pandas as pd
import pytest
from helpers import spt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from spt_nb import core
from spt_nb.core import SptError
from spt_nb.experiments import notebooks, study as studies
from spt_nb.experiments.plans import design, settings
from spt_nb.experiments.study import results_folder, study
from spt_nb.protocol.plan import prepare
from spt_nb.runs import store

ORIGIN = ["numerics", "precision", "version", "commit", "device", "date"]
TINY = dict(pretrain_steps=2, finetune_steps=2, valid_every=2, n_train=16, n_valid=8, n_test=8, lrs=[1e-3])
BOTH = dict(tasks=["copy_match", "dyck"], inits=["scratch", "masked"])
FOLDER = "figures/transformer"


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    "A checkout with nothing published and an empty store."
    (tmp_path / "settings.ini").write_text("lib_name = spt_nb\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    for module in (core, store):
        monkeypatch.setattr(module, "flush", lambda path: None)  # no test of power cuts
    return tmp_path


def lab(name):
    os.environ["SPT_RUNS"] = name


def publish(seeds, tasks=("copy_match",), how=True, inits=("scratch",), mixers=("conv",), **changes):
    "A page that trains and publishes, without pictures."
    p = settings("transformer", "smoke", list(tasks), seeds, TINY | changes, publish=how)
    s = study(design(p, list(mixers), list(inits)), workers=1, quiet=True)
    s.save(results_folder("transformer", "smoke", True), [])
    return s


def files(origin=False):
    "What is published, rows without their origin."
    rows = pd.read_csv(f"{FOLDER}/rows.csv", dtype=str)
    config = json.load(open(f"{FOLDER}/config.json"))
    return (rows if origin else rows.drop(columns=ORIGIN)).to_csv(), config


@pytest.mark.slow
@pytest.mark.parametrize("order", [("0", "1-2"), ("2,1", "0")])
def test_two_laboratories_in_any_order_make_the_table_of_one(order):
    "Every laboratory has a store of its own and shares only the published folder."
    lab("all")
    publish([0, 1, 2], **BOTH)
    whole, config = files()
    os.rename(FOLDER, "figures/whole")
    for seeds in order:
        lab(f"lab {seeds}")
        s = publish([0] if seeds == "0" else seeds, **BOTH)
    assert files() == (whole, config)
    assert len(s.rows) == 12 and s.rows.seed.nunique() == 3
    assert pd.read_csv(f"{FOLDER}/seconds.csv").shape == (12, 6)


@pytest.mark.slow
def test_tasks_one_by_one_make_the_whole_table():
    "A page draws all that is published; only the tasks that are asked for are trained, whatever kind came first."
    publish("0-1", tasks=["copy_match", "forecast"])
    whole, config = files()
    os.rename(FOLDER, "figures/all")
    lab("b"), publish("0-1", tasks=["forecast"])
    lab("a"), publish([0])
    s = publish([1])
    rows = pd.read_csv(FOLDER + "/rows.csv")
    assert sorted(zip(rows.task, rows.seed)) == [(t, s) for t in ("copy_match", "forecast") for s in (0, 1)]
    assert set(s.rows.task) == {"copy_match"}, "no plan of this experiment has the task forecast"
    assert {c["label"][0]: c["seeds"] for c in files()[1]} == dict(copy_match=[0, 1], forecast=[0, 1])
    assert files() == (whole, config)


@pytest.mark.slow
def test_a_page_draws_the_published_tasks_that_it_does_not_train():
    publish([0, 1], **BOTH)
    lab("elsewhere")
    s = publish([5], tasks=["dyck"], inits=BOTH["inits"])
    assert s.rows.groupby("task").seed.unique().map(list).to_dict() == dict(copy_match=[0, 1], dyck=[0, 1, 5])
    assert list(s.comparisons) == [("copy_match",), ("dyck",)] and s.summary().task.nunique() == 3
    assert s.comparisons["copy_match",].task.n_outputs == 2, "its data can be made here"


def test_equal_seeds_are_replaced_and_it_says_so(caplog):
    publish("0-1")
    caplog.set_level("INFO", "spt_nb")
    publish("1-2")
    assert "2 rows join 1 published ones, and replace 1" in caplog.text
    before = files(True)
    publish("2,0-1")
    assert "3 rows join 0 published ones, and replace 3" in caplog.text
    assert files(True) == before


@pytest.mark.parametrize("changes, why", [
    (dict(finetune_steps=3), "finetune_steps of copy_match, conv, scratch is 3; allowed: 2, as published, or --publish replace, which starts over"),
    (dict(lrs=[1e-3, 3e-3]), "lrs of copy_match, conv, scratch is (0.001, 0.003); allowed: [0.001], as published"),
    (dict(n_train=32), "n_train of copy_match is 32; allowed: 16, as published"),
])
def test_another_configuration_is_refused_before_any_work(changes, why, monkeypatch):
    publish([0])
    before = files(True)
    lab("elsewhere")
    monkeypatch.setattr(studies, "run_together", lambda *_: pytest.fail("work began"))
    with pytest.raises(SptError, match=re.escape(why)):
        publish("1-2", **changes)
    assert files(True) == before and not os.path.exists("elsewhere")


def test_one_word_starts_over():
    publish([0, 1])
    publish([5], how="replace", finetune_steps=3)
    assert pd.read_csv(FOLDER + "/rows.csv").seed.unique().tolist() == [5]


def test_other_numerics_are_refused(monkeypatch):
    publish([0])
    monkeypatch.setitem(store.NUMERICS, "models", 99)
    with pytest.raises(SptError, match=r"numerics version is .*99.*; allowed: .*, as published"):
        publish("1-2")


def test_rows_of_unknown_numerics_are_refused():
    publish([0])
    pd.read_csv(f"{FOLDER}/rows.csv").drop(columns="numerics").to_csv(f"{FOLDER}/rows.csv", index=False)
    with pytest.raises(SptError, match="names no numerics version, as it is older; allowed: --publish replace"):
        publish("1-2")


def test_other_data_of_a_seed_is_refused():
    publish("0-1")
    config = json.load(open(f"{FOLDER}/config.json"))
    config[0]["data"]["1"] = "0123456789abcdef"
    json.dump(config, open(f"{FOLDER}/config.json", "w"))
    with pytest.raises(SptError, match="stage of copy_match, conv, scratch, seed 1, is "):
        publish("2-3")
    rows = pd.read_csv(f"{FOLDER}/rows.csv")
    rows.assign(chosen=None).to_csv(f"{FOLDER}/rows.csv", index=False)  # as of rows that all diverged
    with pytest.raises(SptError, match="data of copy_match, seed 1, is '.*'; allowed: '0123456789abcdef', as published"):
        publish("1-2")


def test_a_recipe_of_other_spelling_is_the_same():
    "A parameter that came later, and one that this mixer does not have."
    publish([0])
    config = json.load(open(f"{FOLDER}/config.json"))
    for recipe in config[0]["recipes"]["conv"].values():
        del recipe["budget"], recipe["starts"]
        recipe["d_state"], recipe["a parameter of old"] = 77, 1
    del config[0]["label"]
    json.dump(config, open(f"{FOLDER}/config.json", "w"))
    assert publish("1-1").rows.seed.nunique() == 2


@pytest.mark.slow
def test_new_cells_join_and_old_ones_stay():
    publish([0])
    s = publish("1,2", inits=["scratch", "masked"], mixers=["conv", "dlr"])
    n = s.rows.groupby(["mixer", "init"], sort=False).size()
    assert n.to_dict() == {("conv", "scratch"): 3, ("conv", "masked"): 2, ("dlr", "scratch"): 2, ("dlr", "masked"): 2}
    publish([3], inits=["masked"])
    assert len(pd.read_csv(f"{FOLDER}/rows.csv")) == len(s.rows) + 1


def test_rows_from_elsewhere_have_no_stages_here(caplog):
    "What reads stages says which seeds it shows; what reads rows has all."
    publish("0-1")
    lab("elsewhere")
    s = publish("2-3")
    assert s.summary().n.tolist() == [4]
    caplog.set_level("INFO", "spt_nb")
    fits = s.fits()
    assert set(fits.seed) == {2, 3} and len(s.fit_lines(fits, "init"))
    assert "2 of 4 rows were trained elsewhere; this shows seeds 2, 3" in caplog.text
    assert s.parameters(("copy_match",), "conv") > 100
    lab("runs")
    assert {r.seed for r, *_ in publish([4]).trained()} == {0, 1, 4}, "seeds of earlier runs in this store are found"


def test_failed_cells_stay_as_published(monkeypatch):
    both = dict(inits=["scratch", "masked"])
    publish([0], **both)
    real = studies.run_together

    def some(comparisons, *args):
        comparisons = list(comparisons)
        for c in comparisons:
            c.trials = {k: t for k, t in c.trials.items() if k[1] == "scratch" or k[2] == 1}
        return real(comparisons, *args) | {"conv masked": "it broke"}
    monkeypatch.setattr(studies, "run_together", some)
    rows = publish("1-2", **both).rows
    assert sorted(zip(rows.init, rows.seed)) == [("masked", 0), ("masked", 1), ("scratch", 0), ("scratch", 1), ("scratch", 2)]


def test_rows_say_where_they_come_from():
    publish([0], inits=["scratch"])
    row = pd.read_csv(f"{FOLDER}/rows.csv").iloc[0]
    assert row.device == store.device() and row.precision == "fp32" and re.fullmatch(r"\d{4}-\d\d-\d\d", row.date)
    text = "".join(open(f"{FOLDER}/{n}").read() for n in os.listdir(FOLDER))
    assert os.uname().nodename not in text and os.getcwd() not in text


@pytest.mark.parametrize("text, seeds", [("3-5", [3, 4, 5]), ("0,2,5-7", [0, 2, 5, 6, 7]), ("7,", None), ("2", [0, 1]), (" 1 , 4-5 ", [1, 4, 5])])
def test_spans_of_seeds(text, seeds):
    def planned():
        return list(dict.fromkeys(k[2] for k in prepare("copy_match", ["conv"], ["scratch"], text, "smoke", load=False).trials))
    if seeds:
        assert planned() == seeds
    else:
        pytest.raises(SptError, planned)


PAGE = """
from spt_nb.experiments.study import claim, design, results_folder, settings, study
p = settings("transformer", scale, None, seeds, overrides, published, publish)
folder = results_folder("transformer", scale, publish)
s = study(design(p, ["conv"], ["scratch"], {("copy_match",): {}}), workers=1, quiet=True)
"""


def page(checkout, *cells):
    "A page of an experiment; `SPT_TEST_WAIT` makes it wait after its first picture."
    parameters = f"scale = 'smoke'\nseeds = 1\noverrides = {TINY}\nworkers = 1\npublish = False\npublished = False"
    path = checkout / "nbs/experiments/01_transformer.ipynb"
    path.parent.mkdir(parents=True)
    kernel = dict(kernelspec=dict(name="python3", display_name="python3", language="python"))
    nbformat.write(new_notebook(metadata=kernel, cells=[
        new_markdown_cell("# A page\n\n> A claim."), new_code_cell(parameters, metadata=dict(tags=["parameters"])),
        *map(new_code_cell, (PAGE, *cells))]), path)
    return path


DRAW = """
import os, pathlib, time
folder.mkdir(parents=True, exist_ok=True)
(folder/"scores.png").write_text(f"picture of seeds {sorted(s.rows.seed.unique())}")
if "SPT_TEST_WAIT" in os.environ: pathlib.Path(os.environ["SPT_TEST_WAIT"]).touch(), time.sleep(60)
"""
SAVE = 'claims = s.save(folder, [claim("conv, scratch", s.scores("conv", "scratch") - .5)])'


def published(checkout):
    return {p.name: p.read_bytes() for p in (checkout / FOLDER).iterdir()}


@pytest.mark.slow
def test_a_page_that_is_stopped_publishes_nothing_by_halves(checkout, monkeypatch, call):
    page(checkout, DRAW, SAVE, "assert not s.failed and 'SPT_TEST_FAIL' not in os.environ")
    assert call("experiment", "transformer", "--scale", "smoke", "--seeds", "0-1", "--publish")[0] == 0
    before = published(checkout)
    assert {"rows.csv", "config.json", "seconds.csv", "claims.csv", "scores.png"} == before.keys()
    monkeypatch.setenv("SPT_TEST_WAIT", str(checkout / "waits"))
    p = spt("experiment", "transformer", "--scale", "smoke", "--seeds", "2-3", "--publish", "true")
    while not (checkout / "waits").exists() and p.poll() is None:
        time.sleep(.05)
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=60)
    assert published(checkout) == before
    monkeypatch.delenv("SPT_TEST_WAIT")
    monkeypatch.setenv("SPT_TEST_FAIL", "1")  # a check at the end does not hold results back
    status, out, err = call("experiment", "transformer", "--scale", "smoke", "--seeds", "2-3", "--publish", "true")
    assert status == 1 and "AssertionError" in err, err
    rows = pd.read_csv(checkout / FOLDER / "rows.csv")
    assert rows.seed.tolist() == [0, 1, 2, 3] and "3" in (checkout / FOLDER / "scores.png").read_text()
    status, out, err = call("experiment", "transformer", "--scale", "smoke", "--seeds", "4", "--publish", "true", "--overrides", str(TINY | dict(pretrain_lr=.5, d_model=24)))
    assert status == 2 and "d_model of copy_match, conv, scratch is 24; allowed: 16, as published, or --publish replace" in err, err


def test_rows_that_others_published_meanwhile_are_not_lost(checkout):
    s = publish("0-1")
    s.save(checkout / "stage", [])
    lab("elsewhere"), publish("2-3")
    before = files(True)
    with pytest.raises(SptError, match="rows of seeds 2, 3 would be lost"):
        notebooks.move(checkout / "stage", checkout / FOLDER, replace=False)
    assert files(True) == before
    notebooks.move(checkout / "stage", checkout / FOLDER, replace=True)
    assert len(pd.read_csv(FOLDER + "/rows.csv")) == 2
