"""Forecasting: windows that see no future, tables of every fault, and a run from end to end."""
import numpy as np
import pandas as pd
import pytest

from helpers import RESULTS

from spt_nb.core import SptError
from spt_nb.protocol import TaskSpec, prepare, trial
from spt_nb.protocol.recipes import recipe
from spt_nb.runs.store import Store
from spt_nb.tasks.forecasting import ett, forecast, waves
from spt_nb.tasks.batches import Split
from spt_nb.training.trainer import Trainer


def write(folder, name="ETTh1", T=14_400, channels=("HUFL", "HULL", "OT")):
    "A table whose every number tells its step and channel."
    t = np.arange(T, dtype=float)
    frame = pd.DataFrame({c: t + 100_000 * i for i, c in enumerate(channels)})
    frame.insert(0, "date", pd.date_range("2016-07-01", periods=T, freq="h").astype(str))
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def steps(task, split, train_steps):
    "First and last step that are said, of the first and the last window of a split; channel 0."
    mean, sd = (f(np.arange(train_steps)) for f in (np.mean, np.std))
    ds, found = getattr(task, split), []
    for i in (0, len(ds) - 1):
        path = np.round(np.asarray(ds[i]["y"]).reshape(-1, task.channels)[:, 0] * sd + mean)
        found.append((int(path[0]), int(path[-1])))
    return found


@pytest.mark.parametrize("problem, month", [("ETTh1", 720), ("ETTm2", 2880)])
def test_months_of_the_literature(tmp_path, problem, month):
    task = ett(write(tmp_path / "a", problem, 20 * month), problem=problem, length=96, horizon=24, x_norm="none")
    first, last = {}, {}
    for split in ("train", "valid", "test"):
        (first[split], _), (_, last[split]) = steps(task, split, 12 * month)
    assert last == dict(train=12 * month - 1, valid=16 * month - 1, test=20 * month - 1)
    assert first == dict(train=96, valid=12 * month, test=16 * month)
    assert [len(d) for d in (task.train, task.valid, task.test)] == [12 * month - 96 - 24 + 1, 4 * month - 24 + 1, 4 * month - 24 + 1]


def test_standardised_with_the_training_months_alone(tmp_path):
    "A jump behind them changes no number of training."
    folder = write(tmp_path / "a")
    before = ett(folder, n_train=20)
    frame = pd.read_csv(folder / "ETTh1.csv")
    frame.loc[12 * 720:, "OT"] += 1e6
    frame.to_csv(folder / "ETTh1.csv", index=False)
    after = ett(folder, n_train=20)
    a, b = (Split(t.train) for t in (before, after))
    assert all(np.array_equal(a.x(i), b.x(i)) and np.array_equal(a.y[i], b.y[i]) for i in range(20))
    assert before.fingerprint != after.fingerprint


def test_one_channel_and_own_tables(tmp_path):
    folder = write(tmp_path / "a", "mine", 1000, ("load", "price"))
    one, all_ = (ett(folder, file="mine.csv", features=f, target="price") for f in "SM")
    assert (one.channels, one.n_outputs, all_.channels, all_.n_outputs) == (1, 24, 2, 48)
    assert [len(d) for d in (all_.train, all_.valid, all_.test)] == [700 - 96 - 24 + 1, 100 - 24 + 1, 200 - 24 + 1]


@pytest.mark.parametrize("text, why", [
    ("date,A\n1,2\n2,low\n", "line 3: A is 'low'; allowed: a number"), ("date,A\n1,2\n2,\n", "line 3: A is nan"), ("date,A\n1,inf\n", "line 2: A is inf"),
    ("date\n1\n", "0 channels besides date"), ("", "cannot be read as CSV"), ("A,B\n1,2,3\n1\n4,5,6,7\n", "cannot be read as CSV"),
    ("A,B\n1,2,3\n4,5,6\n", "cannot be read as CSV: Length of header or names"), ("A,B\n" + "0,5200000.01\n9e12,1\n1,5200000.02\n" * 99, "different values become"),
    ("A\n" + "1\n" * 50, "train has 0 steps to predict")])
def test_bad_tables(tmp_path, text, why):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(SptError, match=why) as e:
        ett(tmp_path, file="a.csv")
    assert "\n" not in str(e.value)


def test_a_table_that_is_too_short_for_its_months(tmp_path):
    with pytest.raises(SptError, match="ETTh1 has 1000 rows; allowed: 14400 or more"):
        ett(write(tmp_path / "a", T=1000))


def test_nothing_is_written_beside_the_data(tmp_path, monkeypatch):
    folder = write(tmp_path / "a")
    monkeypatch.chdir(folder)
    before = [(p.name, p.stat().st_mtime_ns) for p in (folder, *folder.iterdir())]
    ett(folder), ett(file="ETTh1.csv")
    assert [(p.name, p.stat().st_mtime_ns) for p in (folder, *folder.iterdir())] == before


def test_windows_of_a_longer_series_begin_alike():
    assert np.array_equal(waves(500, 3), waves(900, 3)[:500])
    assert forecast(n_train=50).fingerprint == forecast(n_train=50).fingerprint != forecast(n_train=50, seed=1).fingerprint


@pytest.mark.parametrize("mixer, init", [("transformer", "masked"), ("dlr", "causal")])
def test_from_end_to_end(tmp_path, mixer, init):
    c = prepare("forecast", [mixer], [init], [0], "smoke", tmp_path, quiet=True, horizon=6).run(workers=1, quiet=True)
    assert c.failed == {} and np.isfinite(c.rows.score).all() and "R2" in c.report()
    [answers] = map(pd.read_parquet, tmp_path.glob("*/test.parquet"))
    assert len(answers) == len(c.task.test)


def test_a_run_stopped_at_every_checkpoint_is_bit_equal(tmp_path, monkeypatch):
    r, options = recipe("forecast", "dlr", "smoke", "masked", pretrain_steps=40, finetune_steps=40, valid_every=20, pretrain_valid_every=20, d_model=16, lrs=1e-3)
    stage = trial(TaskSpec(name="forecast", options=options | dict(n_train=200)), "masked", 0, r.but(dropout=.1)).candidates[0]
    whole, broken, saved, save = Store(tmp_path / "whole"), Store(tmp_path / "broken"), [], Trainer.save
    stage.obtain(whole)

    def save_and_stop(self):
        save(self)
        saved.append(self.at["step"])
        raise KeyboardInterrupt
    for _ in range(3):
        with monkeypatch.context() as m, pytest.raises(KeyboardInterrupt):
            m.setattr(Trainer, "save", save_and_stop)
            stage.obtain(broken)
    assert saved == [20, 40, 20]  # of pretraining, and of what follows it
    stage.obtain(broken)
    for key in (stage.hash, stage.pretrain.hash):
        for name in RESULTS:
            assert (whole.path(key) / name).read_bytes() == (broken.path(key) / name).read_bytes(), name
