"""Every number of the paper is what a recipe trains with, or stands in the short list of those that are not."""
import functools
import importlib
import re
from pathlib import Path

import pandas as pd
import pytest

from spt_nb.core import SptError
from spt_nb.models.dlr import DLR
from spt_nb.models.mixer import MIXERS
from spt_nb.protocol.paper import PAPER, TEXT, TRAINING_ROWS, paper_numbers, paper_sizes
from spt_nb.protocol.recipes import MODELS, NEEDED, PARAMETERS, Recipe, recipe, resolve
from spt_nb.tasks import CATALOGUE, facts

# (task, model, phase, column): why no recipe carries it
EXCEPTIONS = {
    ("unknown", "pythia", "*", "*"): "which task it belongs to was lost: a candidate on every task",
    ("*", "pythia", "finetune", "batch_size"): "a placeholder: the paper tuned it",
    ("*", "*", "*", "placeholder_lr"): "never used: the authors tuned the rate",
    ("*", "*", "*", "seed"): "seeds are an argument of a comparison",
    ("*", "dlr", "*", "dt_min"): "DLR draws its decay rates from this range itself",
    ("*", "dlr", "*", "dt_max"): "DLR draws its decay rates from this range itself",
    ("retrieval", "*", "finetune", "head"): "pairs are matched because the task is one of pairs",
    ("pathx256", "transformer", "pretrain", "n_layers"): "fine-tuning has 4 layers",
    ("speech", "s4", "pretrain", "norm"): "fine-tuning has batch norm",
    ("bidmc", "rotary", "pretrain", "positions"): "fine-tuning has rotary positions",
    ("pathx", "s4", "finetune", "pooling"): "Appendix C.1.3 pools by the maximum",
    ("pathx", "dlr", "finetune", "pooling"): "Appendix C.1.3 pools by the maximum",
}
FACTS = [c for c in paper_numbers().columns if c not in ("task", "variant", "model", "init", "phase", "source", "note")]
LINES = [{k: v for k, v in line.items() if v == v and v != ""} for line in paper_numbers().to_dict("records")]
INITS = {"": ["scratch", "masked", "causal"], "masked+random": ["masked+random-ssm", "masked+random-all"],
         "scratch+random": ["scratch+random-ssm", "scratch-converged+random-all"], "scratch": ["scratch", "scratch-matched", "scratch-converged"]}
used = set()


@functools.cache
def at_paper_scale(task, model, init, variant):
    return recipe(task, model, "paper", init, variant)[0]


def exception(line, column):
    for key in EXCEPTIONS:
        if all(a in ("*", b) for a, b in zip(key, (line["task"], line["model"], line["phase"], column))):
            used.add(key)
            return key


def fields(r, phase):
    "A recipe in the words of the file."
    flat = r.flat
    told = {c: flat[c] for c in FACTS if c in flat}
    if phase == "finetune":
        return told | dict(lr=r.lrs, steps=r.train.steps)
    return told | dict(r.pretrain) | dict(lr=(r.pretrain.lr,))


def carries(r, line, column):
    "Does a recipe train with this number?"
    told, value, phase = fields(r, line["phase"]), line[column], line["phase"]
    rows = TRAINING_ROWS[line["task"]]
    if column == "lr":
        return value in told["lr"]
    if column == "epochs":
        return 0 <= told["steps"]*told["batch_size"] - value*rows < told["batch_size"]
    if column == "cut_epochs":
        t = r.train
        rest = (t.schedule_steps if t.schedule == "step" else t.plateau*t.valid_every)*t.batch_size - value*rows
        return 0 <= rest < (value if t.schedule == "step" else t.valid_every)*t.batch_size
    if column == "loss":
        if phase == "finetune":
            return (value == "mse") == (line["task"] == "bidmc")
        return line["task"] in ("listops", "text", "retrieval") or r.denoising.levels == (value == "cross-entropy")
    if column == "batch_size" and phase == "finetune" and "init" in line:
        return told["batch_size"] == value and r.batch_sizes is None
    return told[column] == value


def name(line):
    return "-".join(str(line[k]) for k in ("task", "variant", "model", "init", "phase") if k in line)


@pytest.mark.parametrize("line", LINES, ids=name)
def test_a_recipe_carries_every_number(line):
    init = line.get("init", "")
    for column in (c for c in FACTS if c in line):
        if exception(line, column):
            continue
        found = [carries(at_paper_scale(line["task"], line["model"], i, line.get("variant")), line, column) for i in INITS.get(init, [init])]
        if init:
            assert all(found), f"{column} {line[column]}"
        elif not any(found):  # a configuration yields to the tables of the paper
            better = [o for o in LINES if "init" in o and column in o and all(o[k] == line[k] for k in ("task", "model", "phase"))]
            assert better and all(o["source"].startswith("paper") for o in better), f"{column} {line[column]}"


def test_every_exception_is_one():
    for line in LINES:
        for column in line:
            exception(line, column)
    assert used == set(EXCEPTIONS)
    s = 2*DLR(4).r.detach()**2
    assert .9e-4 < s.min() and s.max() < .11


def test_what_the_tables_leave_open_is_chosen_on_the_grid():
    for line in LINES:
        if "init" in line and line["phase"] == "finetune":
            r = at_paper_scale(line["task"], line["model"], INITS.get(line["init"], [line["init"]])[0], line.get("variant"))
            assert r.batch_sizes == (None if "batch_size" in line else (8, 32, 128))
    r = at_paper_scale("listops", "transformer", "scratch", None)
    assert (r.lrs, r.batch_sizes) == ((1e-3, 5e-4, 1e-4), (8, 32, 128))
    assert at_paper_scale("listops", "s4", "scratch", None).lrs == (1e-2, 1e-3, 5e-4, 1e-4)
    assert at_paper_scale("bidmc", "s4", "scratch", None).lrs == at_paper_scale("bidmc", "s4", "scratch", "RR").lrs == (1e-2,)


def test_rates_of_an_unknown_task_are_candidates_on_all():
    lost = paper_numbers("unknown", "pythia")
    for init in ("scratch", "text-lm"):
        r = at_paper_scale("image", "pythia", init, None)
        assert set(r.lrs) == set(lost.lr) and set(r.batch_sizes) == set(lost.batch_size)


def test_rates_left_empty_are_as_the_rest():
    for line in LINES:
        if line["source"].startswith("authors"):
            r = at_paper_scale(line["task"], line["model"], "masked", None)
            assert (r.train.ssm_lr, r.train.dt_lr) == (line.get("ssm_lr"), line.get("dt_lr"))


@pytest.mark.parametrize("model", PAPER)
def test_sizes_are_those_of_the_models(model):
    for task in PAPER[model]:
        r = at_paper_scale(task, model, "masked", None)
        sizes = paper_sizes(model, task)
        assert {k: r.flat[k] for k in sizes} == sizes


def test_mask_ratios_are_those_of_the_tasks():
    for line in LINES:
        if "mask_ratio" in line:
            assert facts(line["task"], {}).mask_ratio == line["mask_ratio"]
            module = importlib.import_module(f"spt_nb.tasks.{CATALOGUE[line['task']].module}")
            assert set(re.findall(r"mask_ratio=([\d.]+)", Path(module.__file__).read_text())) == {f"{line['mask_ratio']:g}".lstrip("0")}


def test_every_cell_of_every_initialisation_has_a_recipe():
    for model in PAPER:
        for task in PAPER[model]:
            for init in ("scratch-matched", "masked:0.4", "causal", "scratch-converged+random-all", "causal:0.6+random-ssm"):
                r = at_paper_scale(task, model, init, None)
                assert r.train.steps > 500 and r.pretrain.steps > 500 and r.denoising.mask_ratio


def test_the_file_is_well_formed():
    frame = paper_numbers()
    assert list(frame.columns[:5]) == ["task", "variant", "model", "init", "phase"]
    assert set(frame.task) == {*TRAINING_ROWS, "unknown"}
    assert set(frame.init) <= {"masked", "causal", *INITS}
    numbers = frame.drop(columns=["task", "model", "phase", "prenorm", *TEXT])
    assert all(pd.api.types.is_numeric_dtype(t) for t in numbers.dtypes)
    assert (numbers.drop(columns=["dropout", "weight_decay", "warmup"]).fillna(1) > 0).all(axis=None)


def test_a_batch_size_by_hand_is_the_only_one():
    assert recipe("listops", "rotary", "paper", "masked", batch_size=2)[0].batch_sizes is None


@pytest.mark.parametrize("task", TRAINING_ROWS)
@pytest.mark.parametrize("mixer", [*MIXERS, *MODELS, "pythia", "my_file.py:Mine"])
def test_every_model_has_a_budget_with_a_source(task, mixer):
    for init in ("scratch-converged", "joint", "text-lm", "causal") if mixer == "pythia" else ("scratch", "masked", "contrastive", "joint", "causal"):
        r, _, sources = resolve(task, mixer, "paper", init)
        assert set(sources) == set(PARAMETERS) and r.train.steps > 500 and r.pretrain.steps > 500
        for name in (*NEEDED, "lrs", "pretrain_lr", "batch_size", "pretrain_batch_size", "warmup", "schedule", "weight_decay", "mask_ratio"):
            said = sources[name].removeprefix(f"inherited from {task}, ")
            assert re.search("paper|authors|as many parameters as S4", said), (name, said)


@pytest.mark.parametrize("mixer", ["lru", "mamba", "conv", "my_file.py:Mine", "s4d"])
def test_models_that_the_paper_does_not_have_get_the_budget_of_s4(mixer):
    for task in TRAINING_ROWS:
        mine, theirs = (resolve(task, m, "paper", "masked").recipe for m in (mixer, "s4"))
        alone = ("n_ssm", "dt_min", "dt_max") if mixer != "s4d" else ()
        usual = Recipe().flat
        expected = theirs.flat | ({k: usual[k] for k in alone} | dict(d_state=mine.sizes.d_state) if alone else {})
        assert mine.flat == expected
        assert resolve(task, mixer, "paper", "masked").sources["pretrain_steps"].startswith(f"inherited from {task}, s4: ")


def test_the_budget_of_a_variant_holds_for_every_model():
    for mixer in ("transformer", "rotary", "dlr", "mamba"):
        r = resolve("image", mixer, "paper", "masked", "data-scale").recipe
        assert (r.pretrain.steps, r.pretrain.batch_size) == (10_000, 50)
    assert resolve("image", "transformer", "paper", "masked", "data-scale").recipe.pretrain.lr == 1e-3
    with pytest.raises(SptError, match="variant is 'data-scale'; allowed: None"):
        resolve("listops", "s4", "paper", "masked", "data-scale")


def test_a_task_that_is_not_the_papers_must_be_given_its_budget():
    for task in ("copy_match", "own", "genomics", "ett"):
        with pytest.raises(SptError, match=f"no task '{task}'; allowed: smoke, mini, or give n_layers, pretrain_steps, finetune_steps, pretrain_lr and pretrain_batch_size"):
            recipe(task, "dlr", "paper", d_model=64)
        given = dict(d_model=64, n_layers=2, pretrain_steps=7, finetune_steps=8, pretrain_lr=1e-3, pretrain_batch_size=64)
        r, _, sources = resolve(task, "dlr", "paper", **given)
        assert (r.pretrain.steps, sources["pretrain_steps"], sources["weight_decay"]) == (7, "given", "ours")
