"""What makes a comparison fair: data of its own for each seed, an end for scratch that is not inside a plateau, pretraining that trains instead of validating, starts to choose from."""
import math

import pytest

from spt_nb.core import read_json
from spt_nb.training.optimisation import TrainConfig, converged
from spt_nb.protocol import compare, prepare
from spt_nb.tasks import load_task
from spt_nb.tasks import KNOWN

PAPER = ("listops", "text", "retrieval", "image", "pathfinder", "pathx", "pathx256", "scifar", "speech", "bidmc")
MIXERS = ("transformer", "rotary", "s4", "dlr", "mamba")


def specs(c):
    return {seed: t.candidates[0].task for (*_, seed), t in c.trials.items()}


def test_each_seed_draws_its_own_data():
    small = dict(n_train=60, n_valid=20, n_test=20)
    own = specs(prepare("copy_match", ["dlr"], ["scratch"], 3, "smoke", quiet=True, **small))
    assert len({s.fingerprint for s in own.values()}) == 3
    assert [s.options.get("seed", 0) for s in own.values()] == [0, 1, 2]
    base = specs(prepare("copy_match", ["dlr"], ["scratch"], [2], "smoke", quiet=True, seed=5, **small))
    assert base[2].options["seed"] == 7
    one = specs(prepare("copy_match", ["dlr"], ["scratch"], 3, "smoke", quiet=True, one_dataset=True, **small))
    assert len({s.fingerprint for s in one.values()}) == 1 and one[0] == own[0]


def test_each_seed_draws_its_own_subset_of_given_data():
    found = specs(prepare("digits", ["dlr"], ["scratch"], 2, "smoke", quiet=True, fraction=40))
    whole = load_task("digits", **found[0].options)
    train = [set(map(str, whole.subset(40, s.draw).train["x"])) for s in found.values()]
    assert [s.draw for s in found.values()] == [0, 1] and train[0] != train[1]
    assert set(map(str, whole.subset(20, 1).train["x"])) <= train[1]  # of one draw, a smaller subset lies inside
    assert list(found[0].load().test["y"]) == list(found[1].load().test["y"])  # the test set is everybody's


@pytest.mark.parametrize("task", PAPER)
def test_scratch_ends_where_the_paper_ends_it(task):
    rows = KNOWN[task].train
    for mixer in MIXERS:
        c = prepare(task, [mixer], ["scratch", "scratch-converged"], 1, "paper", load=False, quiet=True)
        budget = max(t.steps*t.batch_size for t in (f.train for f in c.trials[mixer, "scratch", 0].candidates))
        for f in c.trials[mixer, "scratch-converged", 0].candidates:
            t = f.train
            assert t.patience*t.valid_every*t.batch_size >= 10*rows, (mixer, t)
            assert 0 <= t.min_steps*t.batch_size - budget + 128 <= 256
            assert t.steps*t.batch_size <= max(200*rows, budget) + t.batch_size


@pytest.mark.parametrize("task", PAPER)
def test_pretraining_reads_little_for_its_validation(task):
    for mixer in MIXERS:
        for init in ("masked", "causal"):
            t = prepare(task, [mixer], [init], 1, "paper", load=False, quiet=True).trials[mixer, init, 0].candidates[0].pretrain.train
            validations = math.ceil(t.steps/t.valid_every)
            assert validations > 1 and validations*KNOWN[task].valid < .05*t.steps*t.batch_size, (mixer, init, t)


def test_a_plateau_is_not_an_end():
    cfg = TrainConfig(steps=10_000, batch_size=16, lr=1e-3, patience=10, min_steps=3_000, valid_every=100)
    flat = [dict(step=100*i, train_loss=.69, score=.5) for i in range(1, 30)]
    assert not converged(cfg, flat)  # at chance since the start, but its budget is not spent
    assert converged(cfg, [*flat, dict(step=3_000, train_loss=.69, score=.5)])
    assert not converged(cfg.but(min_steps=0), [*flat[:-1], dict(step=2_900, train_loss=.5, score=.6)])


@pytest.mark.parametrize("task", ["copy_match", "dyck", "recall", "state_tracking", "paths", "chains", "digits", "memory", "promoters", "forecast"])
def test_dlr_has_a_mode_for_each_step(task):
    c = prepare(task, ["dlr"], ["masked"], 1, "mini", quiet=True)
    assert c.trials["dlr", "masked", 0].candidates[0].model.mixer_args["d_state"] >= c.task.length


def test_scratch_chooses_its_start_and_the_row_says_which(tmp_path):
    c = compare("copy_match", ["dlr"], ["scratch", "masked"], 1, "smoke", runs=tmp_path, quiet=True, workers=1, lrs=1e-3,
                starts=("structured", "gaussian", "low-frequency"))
    starts = {(f.model.weights, f.model.mixer_args.get("init", "structured")) for f in c.trials["dlr", "scratch", 0].candidates}
    assert starts == {("structured", "structured"), ("random-ssm", "structured"), ("structured", "low-frequency")}
    assert len(c.trials["dlr", "masked", 0].candidates) == 1
    assert c.rows.set_index("init").start["masked"] == "structured"
    assert c.rows.set_index("init").start["scratch"] in ("structured", "gaussian", "low-frequency")


def test_training_accuracy_is_kept(tmp_path):
    c = compare("copy_match", ["dlr"], ["masked"], 1, "smoke", runs=tmp_path, quiet=True, workers=1, lrs=1e-3)
    fine = c.trials["dlr", "masked", 0].candidates[0]
    for stage in (fine, fine.pretrain):
        history = read_json(c.store.path(stage.hash)/"history.json")
        assert all(0 <= h["train_accuracy"] <= 1 for h in history)
