"""Curves for other tools: a copy of what the trainer reports, which neither changes nor stops the training."""
import math

import pytest
import torch

from spt_nb import cli
from spt_nb.core import SptError, read_json, write_json
from spt_nb.models import SequenceModel
from spt_nb.objectives import Classification
from spt_nb.runs import launch
from spt_nb.tasks import load_task
from spt_nb.training import evaluation
from spt_nb.training.optimisation import TrainConfig
from spt_nb.training.trainer import Trainer

STAGE = dict(kind="finetune", task=dict(name="copy_match"), model=dict(mixer="dlr"), seed=0, pretrain=None)
RESULTS = "metrics.json", "history.json", "weights.safetensors"


def train(folder, **kw):
    "A stage of eight steps, validated at every second."
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", STAGE)
    task = load_task("copy_match", n_train=32, n_valid=16, n_test=16)
    torch.manual_seed(0)
    model = SequenceModel("dlr", 8, 1, 2, vocab_size=task.vocab_size)
    cfg = TrainConfig(steps=8, batch_size=8, lr=1e-2, warmup=2, valid_every=2, **kw)
    Trainer(model, task, Classification(), cfg, folder, 0, 0).fit()


class Points(list):
    closed = 0

    def fail(self, step):
        pass

    def close(self):
        self.closed += 1
        self.fail(None)


@pytest.fixture
def sent(monkeypatch):
    "What a tool gets, as a list; `fail(step)` may raise an error."
    points = Points()

    def open_run(tool, place, store, stage):
        def write(numbers, step):
            points.append((step, numbers))
            points.fail(step)
        return write, points.close

    monkeypatch.setattr(evaluation, "log_target", lambda: ("tensorboard", ""))
    monkeypatch.setattr(evaluation, "open_run", open_run)
    return points


def test_a_copy_of_the_history(tmp_path, sent):
    train(tmp_path / "a")
    history = read_json(tmp_path / "a" / "history.json")
    validated = {step: numbers for step, numbers in sent if "valid/score" in numbers}
    assert [*validated] == [h["step"] for h in history] == [2, 4, 6, 8]
    for h in history:
        numbers = validated[h["step"]]
        assert (numbers["valid/score"], numbers["valid/loss"], numbers["train/loss"]) == (h["score"], h["loss"], h["train_loss"])
    assert len({numbers["lr"] for numbers in validated.values()}) > 1 and sent.closed == 1


def test_results_do_not_depend_on_it(tmp_path, sent, monkeypatch):
    train(tmp_path / "with")
    monkeypatch.setattr(evaluation, "log_target", lambda: ("", ""))
    n = len(sent)
    train(tmp_path / "without")
    assert len(sent) == n > 0
    for name in RESULTS:
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_a_resumed_stage_sends_no_step_twice(tmp_path, sent):
    def kill(step):
        if step == 6:
            sent.fail = lambda step: None
            raise KeyboardInterrupt  # before the checkpoint of this step
    sent.fail = kill
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "a")
    assert sent.closed == 1
    train(tmp_path / "a")
    steps = [step for step, numbers in sent if "valid/score" in numbers]
    assert steps == [2, 4, 6, 8]


def test_a_tool_that_breaks_stops_no_training(tmp_path, sent, caplog):
    def full(step):
        raise OSError(28, "No space left on device")
    sent.fail = full
    train(tmp_path / "a")
    assert (tmp_path / "a" / "weights.safetensors").exists() and len(sent) == 1
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 1 and "No space left on device" in said[0] and "the training goes on" in said[0]


def test_what_is_not_a_stage_has_no_curves(tmp_path, sent):
    assert evaluation.Curves(tmp_path, 10).target == ("", "")


@pytest.mark.parametrize("command", ["compare --task copy_match", "experiment quickstart", "versus dlr --task copy_match"])
def test_a_missing_tool_is_told_before_any_work(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(launch, "find_spec", lambda name: None)
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    assert cli.main([*command.split(), "--log", "wandb"]) == 2
    assert capsys.readouterr().err == "spt: log is 'wandb', which is not installed; allowed: after pip install 'spt_nb[wandb]'\n"
    assert not (tmp_path / "runs").exists()


def test_the_variable_is_checked_too(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_LOG", "tensorbord")
    with pytest.raises(SptError, match="did you mean tensorboard"):
        launch.run_stages([], launch.Store(tmp_path))


def test_tensorboard_itself(tmp_path, monkeypatch):
    "What its own reader finds in its files is the history."
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.setenv("SPT_LOG", "tensorboard")
    train(tmp_path / "a")
    run, = (tmp_path / "tensorboard").iterdir()
    assert run.name.startswith("copy_match-dlr-scratch-finetune-seed0-")
    files = reader.EventAccumulator(str(run))
    files.Reload()
    for h, s in zip(read_json(tmp_path / "a" / "history.json"), files.Scalars("valid/loss"), strict=True):
        assert s.step == h["step"] and math.isclose(s.value, h["loss"], rel_tol=1e-6)
