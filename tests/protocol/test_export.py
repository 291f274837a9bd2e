"""Handing runs on between people: round trips of every mixer, another process without the data, several importers at once."""
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import safetensors.torch
import torch
from torch import nn

from spt_nb.core import SptError, read_json, write_json
from spt_nb.models import SequenceModel
from spt_nb.training.optimisation import TrainConfig
from spt_nb.protocol.export import export, import_stage, load_model, verified
from spt_nb.protocol.stages import Finetune, ModelSpec, Pretrain, TaskSpec, Trial
from spt_nb.runs.store import Store, seal

pytestmark = pytest.mark.slow

TRAIN = TrainConfig(steps=2, batch_size=8, lr=1e-3, valid_every=1)
SIZES = dict(attention=dict(n_heads=2), s4=dict(d_state=8), s4d=dict(d_state=8), dlr=dict(d_state=8),
             lru=dict(d_state=8), s5=dict(d_state=8), rglru=dict(n_heads=2), mamba=dict(d_state=4))


def stages(task="copy_match", mixer="attention", options=None, causal=False, **model):
    "A pretraining and a fine-tuning from it."
    data = TaskSpec(name=task, options=dict(n_train=40, n_valid=10, n_test=10) | (options or {}))
    data = data.but(fingerprint=data.load().fingerprint)
    spec = ModelSpec(**dict(mixer=mixer, d_model=8, n_layers=2, mixer_args=SIZES.get(mixer, {}), causal=causal) | model)
    objective = dict(objective="causal") if causal else dict(mask_ratio=.25)
    pre = Pretrain(task=data, model=spec, train=TRAIN, seed=0, **objective)
    return pre, Finetune(task=data, model=spec, train=TRAIN, seed=0, pretrain=pre, pooling="last" if causal else "mean")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def inputs(task):
    x = torch.arange(2*task.length).view(2, -1)
    return x % task.vocab_size if task.vocab_size else x[..., None].expand(-1, -1, task.channels).sin()


@pytest.mark.parametrize("case", [dict(mixer="attention", positions="rotary"), dict(mixer="attention", positions="learned", causal=True),
    dict(mixer="attention", norm="batch", ff_expand=2), dict(mixer="attention", positions="alibi"),
    dict(mixer="attention", positions="rotary", mixer_args=dict(n_heads=2, window=3)), dict(mixer="conv"), dict(mixer="conv", causal=True), dict(mixer="s4", positions="sinusoidal"), dict(mixer="s4", causal=True), dict(mixer="s4d"),
    dict(mixer="s4d", causal=True, norm="batch"), dict(mixer="dlr", causal=True), dict(mixer="dlr", prenorm=False, dropout=.1),
    dict(mixer="s4d", task="pathfinder"), dict(mixer="dlr", task="pathfinder", causal=True), dict(mixer="s4d", mixer_args=dict(d_state=8, init="legs", n_ssm=2)),
    *(dict(mixer=m, **o) for m in ("lru", "s5", "rglru", "mamba") for o in (dict(causal=True), dict(task="pathfinder", dropout=.1)))],
    ids=lambda c: "-".join(map(str, c.values())))
def test_a_round_trip_changes_no_bit(case, store, tmp_path):
    for stage in stages(**case):
        source, task = stage.obtain(store), stage.task.load()
        model = stage.model.build(0, stage.arguments(task))
        model.load_state_dict(safetensors.torch.load_file(source / "weights.safetensors"))
        x = inputs(task)
        if stage.kind == "pretrain" and task.channels and not case.get("causal"):
            x = torch.cat([x, x], -1)
        loaded = load_model(export(stage.hash, store, tmp_path / stage.kind))
        with torch.no_grad():
            assert torch.equal(loaded(x), model.eval()(x))
            assert torch.equal(SequenceModel.from_pretrained(tmp_path / stage.kind)(x), model(x))
        there = import_stage(tmp_path / stage.kind, Store(tmp_path / "other"))
        kept = {p.name for p in source.iterdir()} - {"log.txt", "manifest.json"}
        assert {p.name for p in there.iterdir()} - {"manifest.json"} == kept
        assert all((there / n).read_bytes() == (source / n).read_bytes() for n in kept)
        again = export(stage.hash, Store(tmp_path / "other"), tmp_path / f"{stage.kind}-again")
        assert all((again / n).read_bytes() == (source / n).read_bytes() for n in kept)


def test_a_loaded_model_can_be_trained_further_and_leaves_the_file_alone(store, tmp_path):
    pre, _ = stages()
    pre.obtain(store)
    folder = export(pre.hash, store, tmp_path / "out")
    before = (folder / "weights.safetensors").read_bytes()
    model = load_model(folder).train()
    opt = torch.optim.SGD(model.parameters(), .1)
    model(inputs(pre.task.load())).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    opt.step()
    assert (folder / "weights.safetensors").read_bytes() == before


def test_loading_needs_three_lines_and_no_data(store, tmp_path):
    _, fine = stages()
    fine.obtain(store)
    folder = export(fine.hash, store, tmp_path / "my_export")
    code = "from spt_nb.protocol.export import load_model\nimport torch\nmodel = load_model('my_export')\nprint(model(torch.zeros(1, 9, dtype=torch.long)).shape)"
    env = {"PYTHONPATH": ":".join(filter(None, sys.path)), "SPT_DATA": str(tmp_path / "none"), "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    p = subprocess.run([sys.executable, "-c", code], cwd=folder.parent, env=env, capture_output=True, text=True)
    assert p.stdout == "torch.Size([1, 2])\n", p.stderr
    assert not (tmp_path / "none").exists()


def test_the_page_tells_the_test_score_only_if_a_trial_chose_the_stage(store, tmp_path):
    _, fine = stages()
    fine.obtain(store)
    assert "test" not in (export(fine.hash, store, tmp_path / "before") / "README.md").read_text().split("## Scores")[1].split("##")[0]
    trial = Trial(candidates=[fine])
    test = read_json(trial.obtain(store) / "metrics.json")["test"]
    page = (export(trial.hash, store, tmp_path / "after") / "README.md").read_text()
    assert f"| test | {test['loss']:.4g} | {test['accuracy']:.4g} |" in page and "read once" in page and fine.task.fingerprint in page


def test_no_stranger_can_claim_a_test_score_or_be_taken_for_another_stage(store, tmp_path):
    pre, fine = stages()
    fine.obtain(store)
    evil = export(pre.hash, store, tmp_path / "evil")
    write_json(evil / "metrics.json", read_json(evil / "metrics.json") | dict(chosen=fine.hash, test=dict(loss=0., accuracy=1.)))
    seal(evil)
    other = Store(tmp_path / "other")
    import_stage(evil, other)
    import_stage(export(fine.hash, store, tmp_path / "fine"), other)
    assert "| test |" not in (export(fine.hash, other, tmp_path / "again") / "README.md").read_text()
    assert read_json(export(pre.hash, other, tmp_path / "pre") / "config.json")["kind"] == "pretrain"


def test_ten_importers_of_one_stage(store, tmp_path):
    pre, _ = stages()
    pre.obtain(store)
    folder, other = export(pre.hash, store, tmp_path / "out"), tmp_path / "other"

    def go(_):
        try:
            return import_stage(folder, Store(other))
        except SptError as e:
            assert "is being computed by another process" in str(e)
    with ThreadPoolExecutor(10) as pool:
        found = set(pool.map(go, range(10))) - {None}
    assert found == {other / pre.hash} and Store(other).ready(pre.hash)
    assert [p.name for p in other.iterdir() if p.name not in (".locks", pre.hash)] == []


def test_an_import_takes_the_place_of_what_was_stopped_or_damaged(store, tmp_path, caplog):
    pre, _ = stages()
    source = pre.obtain(store)
    folder, other = export(pre.hash, store, tmp_path / "out"), Store(tmp_path / "other")

    def stopped(partial):
        (partial / "log.txt").write_text("goes on")
        (partial / "checkpoint-000000001-x.safetensors").write_text("x")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        other.obtain(pre, stopped)
    there = import_stage(folder, other)
    assert {p.name for p in there.iterdir()} == {p.name for p in source.iterdir()} - {"log.txt"} and not other.partial(pre.hash).exists()
    (there / "metrics.json").write_text("{}")
    assert import_stage(folder, Store(other.folder)) == there and other.ready(pre.hash)
    assert "is damaged" in caplog.text and len(list(other.folder.glob("*.broken-*"))) == 1


def test_what_is_there_stays_and_is_said(store, tmp_path, caplog):
    pre, _ = stages()
    pre.obtain(store)
    folder = export(pre.hash, store, tmp_path / "out")
    before = {p.name: p.stat().st_mtime_ns for p in store.path(pre.hash).iterdir()}
    assert import_stage(folder, store) == store.path(pre.hash)
    assert caplog.messages == [f"stage {pre.hash} ({pre.title}) is already there; nothing was changed"]
    assert {p.name: p.stat().st_mtime_ns for p in store.path(pre.hash).iterdir()} == before
    with pytest.raises(SptError, match="exists; allowed: a new one"):
        export(pre.hash, store, folder)
    other = Store(tmp_path / "other")
    with other.lock(pre.hash), pytest.raises(SptError, match="is being computed by another process"):
        import_stage(folder, other)
    assert not other.path(pre.hash).exists()


def test_a_failed_export_leaves_nothing(store, tmp_path, monkeypatch):
    pre, _ = stages()
    pre.obtain(store)

    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError):
        export(pre.hash, store, tmp_path / "out" / "deep")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_exported(store, tmp_path):
    pre, fine = stages()
    fine.obtain(store)
    for key, why in {"": "stage is ''; allowed: the beginning of one hash", "../../etc": "allowed: the beginning of one hash", "zz": pre.title,
                     "0"*20: fine.hash, None: "stage is 'None'", ".*": "stage is '.*'"}.items():
        with pytest.raises(SptError) as e:
            export(key, store, tmp_path / "out")
        assert why in str(e.value) and "\n" not in str(e.value), str(e.value)
    with pytest.raises(SptError, match="as the store is empty"):
        export(pre.hash, Store(tmp_path / "empty"), tmp_path / "out")
    (store.path(pre.hash) / "weights.safetensors").unlink()
    seal(store.path(pre.hash))
    with pytest.raises(SptError, match="has no weights.safetensors"):
        export(pre.hash, store, tmp_path / "out")
    (store.path(fine.hash) / "metrics.json").write_text("{}")
    with pytest.raises(SptError, match="is not there undamaged"):
        export(fine.hash, store, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Double(nn.Module):
    def __init__(self, d_model, times=2):
        super().__init__()
        self.line = nn.Linear(d_model, d_model)
        self.times = times

    def forward(self, x):
        return self.line(x)*self.times


def test_a_mixer_of_ones_own_travels_by_its_class(store, tmp_path, call):
    _, fine = stages(mixer=f"{__name__}:Double", mixer_args=dict(times=3))
    fine.obtain(store)
    folder = export(fine.hash, store, tmp_path / "out")
    assert "mixer=YourClass" in (card := (folder / "README.md").read_text()) and "--mixer my_file.py:YourClass" in card
    assert load_model(folder, mixer=Double).blocks[0].mixer.times == 3
    with pytest.raises(SptError, match="allowed: attention, s4, s4d, dlr, .*pythia, or pass the class yourself"):
        load_model(folder)
    with pytest.raises(SptError, match="the mixer <class 'torch.nn.modules.linear.Linear'> cannot be built|a name in mixer_args is 'times'"):
        load_model(folder, mixer=nn.Linear)
    assert import_stage(folder, Store(tmp_path / "other"), mixer=Double).name == fine.hash
    assert call("import", folder, "--runs", tmp_path / "third", "--mixer", f"{__name__}:Double")[0] == 0
    assert verified(folder, Double)[1] == fine


def test_a_damaged_score_is_not_told(store, tmp_path, caplog):
    _, fine = stages()
    trial = Trial(candidates=[fine])
    wrong = trial.obtain(store) / "metrics.json"
    write_json(wrong, read_json(wrong) | dict(test=dict(loss=0., accuracy=1.)))
    folder = export(fine.hash, Store(store.folder), tmp_path / "out")
    assert read_json(folder / "scores.json")["test"] is None and "| test |" not in (folder / "README.md").read_text()
    assert "is damaged" in caplog.text
    with pytest.raises(SptError, match="allowed: the beginning of one hash"):
        export(trial.hash, Store(store.folder), tmp_path / "again")


def test_a_stage_of_an_older_version_is_exported(store, tmp_path):
    _, fine = stages()
    trial = Trial(candidates=[fine])
    trial.obtain(store)
    (store.path(fine.hash) / "reader.json").unlink()
    seal(store.path(fine.hash))
    folder = export(trial.hash, store, tmp_path / "out")
    assert read_json(folder / "scores.json")["interval"] and "license: unknown" in (folder / "README.md").read_text()


def test_a_card_names_only_what_works(store, tmp_path):
    pre, fine = stages()
    fine.obtain(store)
    card = (export(pre.hash, store, tmp_path / "pre") / "README.md").read_text()
    assert "license: mit" in card and "predict(" not in card and "spt predict" not in card and 'model.embed("test")' in card
    assert load_model(tmp_path / "pre").embed("test").shape == (10, 8)
    card = (export(fine.hash, store, tmp_path / "fine") / "README.md").read_text()
    assert "license: mit" in card and "`spt predict fine test --out predictions.csv`" in card and "from_pretrained" in card


def test_the_card_of_a_language_model_by_others():
    from types import SimpleNamespace as N
    from spt_nb.protocol.export import _front, _loading
    _, fine = stages()
    theirs = N(kind="finetune", task=fine.task, model=N(mixer="pythia"), needs=(N(task=None),), title="pythia")
    assert "from_pretrained" not in _loading(theirs, "out")["further"]
    assert "license: unknown" in _front(theirs, None, dict(own=None, source="synthetic, drawn by spt_nb with seed 0"))


def test_the_next_steps_can_be_pasted(tmp_path, monkeypatch):
    import shlex
    import spt_nb
    from helpers import MINE
    from spt_nb.protocol.export import next_steps
    (tmp_path / "mine.py").write_text(MINE)
    c = spt_nb.compare("copy_match", [f"{tmp_path}/mine.py:Mine"], ["scratch"], 1, "smoke", runs=tmp_path / "my runs", workers=1, quiet=True,
                       finetune_steps=3, n_train=40, n_valid=10, n_test=10)
    first, second = (shlex.split(line) for line in next_steps(c).splitlines()[1:])
    assert first[-2:] == ["--runs", str(tmp_path / "my runs")] and f"{tmp_path}/mine.py:Mine" == second[second.index("--mixer") + 1]
