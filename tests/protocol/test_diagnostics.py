"""Each way to fail, reproduced at small scale, raises its own warning; a healthy run raises none."""
import numpy as np
import pytest
from datasets import Dataset

from spt_nb.protocol import prepare

pytestmark = pytest.mark.slow

SMALL = dict(d_model=32, n_layers=1, pretrain_steps=160, finetune_steps=20, batch_size=32, pretrain_batch_size=32, valid_every=20, pretrain_valid_every=20, warmup=10, lrs=1e-3)
DYCK = SMALL | dict(n_train=512, n_valid=128, n_test=16)


def waves(noise: float, n: int = 1500):
    "Sines of two periods: smooth, or in noise."
    rng = np.random.default_rng(0)
    y, phase = rng.integers(0, 2, n), rng.uniform(0, 2*np.pi, n)
    x = np.sin(2*np.pi*np.arange(48)[None]/(24 - 6*y)[:, None] + phase[:, None]) + noise*rng.normal(size=(n, 48))
    return Dataset.from_dict(dict(x=x.tolist(), y=y.tolist()))


def run(folder, task="dyck", init="masked", mixer="conv", seeds=1, **kw):
    "What is said of a comparison of one cell."
    c = prepare(task, [mixer], [init], seeds, "mini", folder, quiet=True, **kw).run(workers=1, quiet=True)
    assert c.failed == {}
    assert all(s in c.report().splitlines() for s in c.diagnostics())
    return c.diagnostics()


@pytest.mark.parametrize("seed", [0, 1])
def test_healthy_pretraining_says_nothing(tmp_path, seed):
    assert run(tmp_path, seeds=[seed], **DYCK | dict(pretrain_lr=1e-2)) == []


def test_too_much_is_hidden(tmp_path):
    [said] = run(tmp_path, **DYCK | dict(pretrain_lr=1e-2, mask_ratio=.95))
    assert said.startswith("conv masked seed 0: judged by its loss, the pretraining has learned nothing that reaches beyond neighbours: ") and "a lower mask_ratio than 0.95" in said


def test_pretraining_rate_is_too_high(tmp_path):
    [said] = run(tmp_path, mixer="attention", **DYCK | dict(pretrain_lr=.3, mask_ratio=.15))
    assert "beyond neighbours" in said and "it jumps; try a lower pretrain_lr than 0.3" in said and "mask_ratio" not in said


def test_diverged_pretraining(tmp_path):
    said = run(tmp_path, mixer="dlr", **DYCK | dict(pretrain_lr=1e30, clip=None))
    assert len(said) == 1 and "pretraining diverged at step" in said[0]


def test_too_little_is_hidden(tmp_path):
    "Neighbours give a smooth wave away, unless they are hidden with it."
    smooth = SMALL | dict(task="own", data=waves(0, 300))
    [said] = run(tmp_path, **smooth, mask_ratio=.02)
    assert "beyond neighbours" in said and "a higher mask_ratio than 0.02" in said
    assert run(tmp_path, **smooth, mask_ratio=.5, mask_span=12) == []


def test_batch_of_fine_tuning_is_too_small(tmp_path):
    "Of 2 nothing is learned, of 4 the chosen checkpoint is luck, in some of five seeds; of 64 all is well."
    noisy = {k: v for k, v in SMALL.items() if k not in ("lrs", "finetune_steps", "batch_size")} | dict(task="own", init="scratch", schedule="constant", finetune_steps=480)
    [said] = run(tmp_path, data=waves(1.), **noisy, lrs=2e-2, batch_size=2)
    assert "never left that of guessing" in said and "a larger batch_size" in said
    assert any("swings" in s and "a larger batch_size" in s for s in run(tmp_path, data=waves(.5), **noisy, lrs=1e-2, batch_size=4, seeds=5))
    assert run(tmp_path, data=waves(1.), **noisy, lrs=1e-2, batch_size=64) == []


def test_memorised(tmp_path):
    [said] = run(tmp_path, init="scratch", **DYCK | dict(n_train=32, finetune_steps=200, lrs=1e-2))
    assert "memorised" in said


def test_end_of_the_grid(tmp_path):
    "Said of two seeds that agree, not of one."
    grid = SMALL | dict(task="own", data=waves(.5, 400), init="scratch", lrs=(1e-6, 2e-6, 1e-2), finetune_steps=160)
    assert [s for s in run(tmp_path, seeds=2, **grid) if "end of the grid" in s] == ["conv scratch: every seed chose lr 0.01, an end of the grid; try a higher one too"]
    assert not [s for s in run(tmp_path, **grid) if "grid" in s]
