"Simple models at hidden positions: what they reach where the best possible answer is known, and on the same positions as validation."
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset

from spt_nb.objectives.pretext import CausalDenoising, MaskedDenoising
from spt_nb.protocol import prepare
from spt_nb.protocol import diagnostics
from spt_nb.protocol.diagnostics import guess_symbols, ngram, simple_models
from spt_nb.tasks import load_task
from spt_nb.tasks.batches import Split
from spt_nb.tasks.task import Task
from spt_nb.training.evaluation import evaluate


def task_of(x, **more):
    "A task of these sequences, the last third for validation; not cached, as it has no fingerprint."
    n = 2*len(x)//3
    parts = (Dataset.from_dict(dict(x=[r.tolist() for r in rows], y=[0]*len(rows))) for rows in (x[:n], x[n:], x[n:]))
    kind = dict(modality="values", channels=1) if x[0].ndim == 2 else dict(modality="tokens", vocab_size=8)
    return Task("made", "classification", length=max(map(len, x)), n_outputs=2, **kind | more, **dict(zip(("train", "valid", "test"), parts)))


def markov(rng, n, L, P):
    "Chains over the ids from 4, each from the uniform distribution."
    s = np.zeros((n, L), int)
    s[:, 0] = rng.integers(0, len(P), n)
    for t in range(1, L): s[:, t] = (P[s[:, t - 1]].cumsum(1) < rng.random((n, 1))).sum(1)
    return s + 4


P = np.array([[.85, .05, .05, .05], [.05, .05, .85, .05], [.05, .05, .05, .85], [.05, .85, .05, .05]])
H = -(P[0]*np.log(P[0])).sum()


class Recorder(torch.nn.Module):
    "Answers with zeros; `where` of every batch is kept."
    def __init__(self, size):
        super().__init__()
        self.size, self.seen = size, 0
    def forward(self, x, lengths, where):
        self.seen += int(where.sum())
        return torch.zeros(int(where.sum()), self.size)


def test_frequencies_at_each_position():
    "Independent symbols whose frequencies depend on the position: a position reaches their entropy, and neighbours do not help."
    rng = np.random.default_rng(0)
    share = rng.dirichlet(np.ones(4)/2, 20)
    x = np.stack([rng.choice(4, 6000, p=p) for p in share], 1) + 4
    entropy = -(share*np.log(np.maximum(share, 1e-12))).sum(1).mean()
    for objective in (MaskedDenoising(.3), CausalDenoising()):
        found = simple_models(task_of(x), objective)
        assert found["position"] == pytest.approx(entropy, abs=.02)
        assert found["local"] > entropy + .2


def test_neighbours_are_all_that_matters_in_a_chain():
    "The best guess of a symbol of a Markov chain needs the two beside it only; of the next symbol, the last."
    rng = np.random.default_rng(0)
    x = markov(rng, 3000, 40, P)
    local = simple_models(task_of(x), CausalDenoising())
    assert local["local"] == pytest.approx(H, abs=.03) and local["position"] == pytest.approx(math.log(4), abs=.02)
    one = MaskedDenoising(.02) # hardly two side by side
    joint = np.einsum("ab,bc->abc", P, P)/4
    best = -(joint*np.log(joint/joint.sum(1, keepdims=True))).sum()
    assert simple_models(task_of(x), one)["local"] == pytest.approx(best, abs=.06)
    assert simple_models(task_of(x), MaskedDenoising(.5))["local"] < .75*math.log(4) # the visible ones among them


def test_copies_are_out_of_reach():
    task = load_task("copy_match", n_train=3000, n_valid=300, n_test=8)
    for objective in (MaskedDenoising(.15), CausalDenoising()):
        found = simple_models(task, objective)
        assert found["position"] == pytest.approx(math.log(8), abs=.02) and found["local"] > found["position"] - .01


@pytest.mark.slow
@pytest.mark.parametrize("mixer, beaten", [("dlr", True), ("conv", False)])
def test_only_who_looks_far_recovers_copies(tmp_path, mixer, beaten):
    "Kernels as long as the sequence find the copy, kernels of a few steps do not; the report says so."
    small = dict(half=8, n_train=2000, n_valid=100, n_test=20, d_model=32, n_layers=1, pretrain_steps=250, finetune_steps=4, batch_size=32,
                 pretrain_batch_size=32, pretrain_lr=1e-2, lrs=1e-3, pretrain_valid_every=50, warmup=20)
    c = prepare("copy_match", [mixer], ["masked"], 1, "mini", tmp_path, quiet=True, **small).run(workers=1, quiet=True)
    [r] = c.rows.itertuples()
    assert c.failed == {} and (r.hidden < .5*min(r.hidden_position, r.hidden_local)) == beaten
    assert ("learned nothing that reaches beyond neighbours" in c.report() or "ignoring the context" in c.report()) != beaten


def test_values_of_a_random_walk():
    "Between two visible steps the best guess is their mean, before the first the last: half-normal errors."
    x = np.random.default_rng(0).normal(size=(900, 200, 1)).cumsum(1)
    local = simple_models(task_of(x), MaskedDenoising(.02))["local"] # hardly two side by side
    assert local == pytest.approx(.99*(1/math.pi)**.5 + .01*(2/math.pi)**.5, rel=.06)
    assert simple_models(task_of(x), CausalDenoising())["local"] == pytest.approx((2/math.pi)**.5, rel=.02)


def test_median_at_each_position():
    "An absolute error is smallest at the median."
    x = np.random.default_rng(0).exponential(size=(6000, 10, 1))*np.arange(1, 11)[None, :, None]
    assert simple_models(task_of(x), MaskedDenoising(.5))["position"] == pytest.approx(math.log(2)*5.5, rel=.03)


def test_images_have_four_neighbours():
    "Columns of one colour each: a pixel above or below tells what those beside cannot."
    rng = np.random.default_rng(0)
    x = np.repeat(rng.integers(-1, 2, (600, 1, 8)), 8, 1).reshape(600, 64, 1)*1.
    plain, image, hide, levels = task_of(x), task_of(x, levels=3), MaskedDenoising(.1), MaskedDenoising(.1, levels=3)
    assert simple_models(image, hide)["local"] < .75*simple_models(plain, hide)["local"]
    assert simple_models(image, levels)["local"] < .1*math.log(3) and simple_models(plain, levels)["local"] > math.log(3) - .01


@pytest.mark.parametrize("objective", [MaskedDenoising(.3), MaskedDenoising(.3, mask_span=4), CausalDenoising()])
def test_the_same_positions_as_validation(objective, monkeypatch):
    "A model that gives every symbol equal shares has the same loss over the same number of positions; padding is none of them."
    rng = np.random.default_rng(0)
    x = [rng.integers(4, 8, n) for n in rng.integers(3, 30, 90)]
    task, model = task_of(x, vocab_size=8), Recorder(8)
    evaluate(model, Split(task.valid), objective, 7)
    counted = []
    monkeypatch.setattr(diagnostics, "guess_symbols", lambda *a: counted.append(a) or guess_symbols(*a))
    found = simple_models(task, objective)
    s, real, seen, hidden, n, *_ = counted[0]
    assert hidden[n:].sum() == model.seen > 0 and not (hidden & ~real).any()
    assert (s[~real] == 8).all() and (s[real] >= 4).all()
    assert all(0 < v < math.log(8) for v in found.values())


def test_more_padding_changes_nothing():
    "The longest sequence of either split decides only how much padding there is."
    rng = np.random.default_rng(1)
    for shape in ((), (1,)):
        x = [rng.integers(4, 8, (20, *shape)) for _ in range(60)]
        longer = [np.concatenate([x[0], x[0], x[0]]), *x[1:]] # one of training
        both = [simple_models(task_of(v), MaskedDenoising(.3)) for v in (x, longer)]
        assert both[0]["position"] == pytest.approx(both[1]["position"], rel=.1)
        assert all(map(math.isfinite, both[1].values()))


@pytest.mark.slow
def test_ragged_data_of_ones_own(tmp_path):
    "Rows of a comparison of ragged tokens, with the three losses for what denoises and none for what does not."
    rng = np.random.default_rng(0)
    lines = [dict(text="".join(rng.choice(list("abcd"), rng.integers(5, 30))), label=str(k % 2)) for k in range(160)]
    (file := tmp_path/"own.jsonl").write_text("\n".join(map(json.dumps, lines)))
    small = dict(d_model=8, n_layers=1, pretrain_steps=8, finetune_steps=4, valid_every=2, pretrain_valid_every=2, lrs=1e-3)
    c = prepare("own", ["conv"], ["scratch", "masked", "contrastive"], 1, "mini", tmp_path/"runs", data=str(file), quiet=True, **small).run(workers=1, quiet=True)
    assert c.failed == {}
    rows = c.rows.set_index("init")
    three = ["hidden", "hidden_position", "hidden_local"]
    assert np.isfinite(rows.loc["masked", three].astype(float)).all() and rows.loc[["scratch", "contrastive"], three].isna().all(axis=None)
    assert any(s.startswith("conv masked: loss") and "by neighbours" in s for s in c.report().splitlines())


def test_ngram_uses_visible_neighbours_only():
    "A hidden neighbour's symbol never reaches the answer."
    rng = np.random.default_rng(0)
    near, symbol = rng.integers(0, 4, (2, 900)), rng.integers(0, 4, 900)
    sees, even = rng.random((2, 300)) < .5, np.full(300, .25)
    other = near.copy()
    other[:, 600:][~sees] = 3 - other[:, 600:][~sees]
    np.testing.assert_array_equal(ngram(near, symbol, sees, even), ngram(other, symbol, sees, even))


def test_probabilities_add_up():
    "Over all symbols that could stand there."
    rng = np.random.default_rng(0)
    near, symbol = rng.integers(0, 4, (2, 600)), rng.integers(0, 4, 600)
    total = sum(ngram(np.r_["1", near, near[:, :50]], np.r_[symbol, np.full(50, s)], np.ones((2, 50), bool), np.full(50, .25)) for s in range(4))
    np.testing.assert_allclose(total, 1)


def test_found_once():
    "The same data and objective are counted once in a process, other masks again."
    task = load_task("dyck", n_train=64, n_valid=32, n_test=8)
    assert simple_models(task, MaskedDenoising(.2)) is simple_models(replace(task), MaskedDenoising(.2))
    assert simple_models(task, MaskedDenoising(.2)) != simple_models(task, MaskedDenoising(.4))
