"""New rows: the numbers of the trainer's own test, for every form of data; what does not fit is refused in words."""
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset

import spt_nb
from spt_nb.core import SptError, read_json, writable, write_json
from spt_nb.protocol.export import export, import_stage, load_model
from spt_nb.protocol.specs import ModelSpec, TaskSpec
from spt_nb.protocol.stages import Finetune, Pretrain, Trial
from spt_nb.runs.store import Store, seal
from spt_nb.tasks.batches import Split
from spt_nb.training.optimisation import TrainConfig

RNG = np.random.default_rng(0)
N = 40


def wav(path, samples, rate=8000):
    raw = np.asarray(samples, "<i2").tobytes()
    path.write_bytes(b"RIFF" + struct.pack("<I", 36 + len(raw)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2*rate, 2, 16) + b"data" + struct.pack("<I", len(raw)) + raw)


def text(folder):
    words = "good bad ünï 🎉 meh".split()
    rows = pd.DataFrame(dict(id=[f"r{i}" for i in range(N)], review=[" ".join(RNG.choice(words, 2 + i % 5)) + f" {i}" for i in range(N)],
                             label=["gut", "schlecht", "日本"] * 13 + ["gut"]))
    rows.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv", {}


def words(folder):
    return text(folder)[0], dict(tokens="words")


def regression(folder):
    x = RNG.normal(size=(N, 9)) * 20 + 300
    pd.DataFrame(x, columns=[f"t{i}" for i in range(9)]).assign(target=1e6 + 1000 * x.sum(1)).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv", {}


def channels(folder):
    x = [RNG.normal(size=(5 + i % 4, 3)).tolist() for i in range(N)]
    pd.DataFrame(dict(x=x, label=["a", "b"] * 20)).to_json(folder / "rows.jsonl", orient="records", lines=True)
    return folder / "rows.jsonl", {}


def holes(folder):
    x = RNG.normal(size=(N, 8))
    x[RNG.random(x.shape) < .1] = np.nan
    pd.DataFrame(x, columns=[f"t{i}" for i in range(8)]).assign(label=["a", "b"] * 20).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv", dict(missing="mask")


def long_form(folder):
    pd.DataFrame([dict(patient_id=f"p{i}", time=t, pulse=RNG.normal() * 5 + 70, label="ab"[i % 2]) for i in range(N) for t in range(4 + i % 3)]).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv", {}


def sounds(folder):
    for i in range(N):
        (home := folder / "sounds" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        wav(home / f"{i}.wav", RNG.integers(-9000, 9000, 20 + i % 7))
    return folder / "sounds", {}


def trained(folder, path, options, name="own", kind="finetune"):
    "A small stage, its test, and the folder it is exported to."
    spec = TaskSpec(name=name, options=options, data_dir=path and str(path))
    spec = spec.but(fingerprint=spec.load().fingerprint)
    model = ModelSpec(mixer="dlr", d_model=8, n_layers=1, mixer_args=dict(d_state=8))
    stage = Finetune(task=spec, model=model, train=TrainConfig(steps=3, batch_size=8, lr=1e-2, valid_every=3), seed=0)
    store, trial = Store(folder / "runs"), Trial(candidates=[stage])
    rows = pd.read_parquet(trial.obtain(store) / "test.parquet")
    return spec.load(), rows, export(stage.hash, store, folder / "model")


@pytest.mark.parametrize("form", [text, words, regression, channels, holes, long_form, sounds], ids=lambda f: f.__name__)
def test_answers_are_those_of_the_trainer(form, tmp_path):
    path, options = form(tmp_path)
    task, rows, folder = trained(tmp_path, path, options)
    model = load_model(folder)
    frame, (ds, _, labels, _) = model.frame(path), model.rows(path)
    at = {np.asarray(x).tobytes(): i for i, x in enumerate(map(Split(ds).x, range(len(ds))))}
    test = Split(task.test)
    found = frame.iloc[[at[np.asarray(test.x(i)).tobytes()] for i in rows.example]]
    assert len(frame) == len(at) == N and list(frame.row) == list(range(1, N + 1))
    if task.classes:
        assert np.abs(found[[f"p_{c}" for c in task.classes]].to_numpy() - np.stack(rows.probability)).max() < 1e-6
        assert [task.classes.index(c) for c in found.prediction] == list(rows.prediction) and not np.isnan(labels).any()
    else:
        assert np.abs((found.prediction.to_numpy() - task.centre) / task.unit - rows.prediction.to_numpy()).max() < 1e-6
        assert np.allclose(labels, pd.read_csv(path).target)
    assert "labelled rows" in frame.attrs["said"][-1] and model.embed(path).shape == (N, 8)


def test_a_split_of_a_task(tmp_path):
    task, rows, folder = trained(tmp_path, None, dict(n_train=40, n_valid=10, n_test=20), "copy_match")
    frame = spt_nb.predict(folder, "test")
    assert np.abs(frame.filter(like="p_").to_numpy() - np.stack(rows.probability)).max() < 1e-6
    assert np.allclose(load_model(folder).predict_proba(task.test["x"][:3]), frame.filter(like="p_")[:3], atol=1e-6)
    for bad, why in [("nope.csv", "allowed for task 'copy_match'"), ([[10**6]], "holds an id outside"), ([[4.9, 5.7]], "holds an id outside; allowed: whole numbers"), ([[]], "row 1 has shape"), ([], "train, valid, test")]:
        with pytest.raises(SptError, match=why):
            load_model(folder).predict(bad)


def test_a_name_on_the_hub(tmp_path, monkeypatch):
    path, _ = text(tmp_path)
    folder = trained(tmp_path, path, {})[2]
    (cached := tmp_path / "cached").mkdir()
    for file in folder.iterdir():  # as the cache of the Hub is
        (cached / file.name).symlink_to(file)
    (cached / "model.py").write_text("raise SystemExit")

    def snapshot_download(name, allow_patterns):
        if name != "somebody/reviews":
            raise OSError("404\nlong story")
        return str(cached)

    monkeypatch.setattr("spt_nb.protocol.predict.snapshot_download", snapshot_download)
    pd.testing.assert_frame_equal(spt_nb.predict("somebody/reviews", path), spt_nb.predict(folder, path))
    with pytest.raises(SptError, match=r"model is 'some/other'; allowed: .* on the Hub \(404\)"):
        load_model("some/other")
    (folder / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes()[:-1] + b"x")
    with pytest.raises(SptError, match="says that weights.safetensors was changed"):
        load_model("somebody/reviews")


def test_rows_in_memory_are_read_as_those_in_a_file(tmp_path):
    path, _ = text(tmp_path)
    model, rows = load_model(trained(tmp_path, path, {})[2]), pd.read_csv(path)
    wanted = model.predict_proba(path)
    for data in (rows, rows[["review"]], list(rows.review), Dataset.from_pandas(rows), rows.review.to_numpy()):
        assert np.allclose(model.predict_proba(data), wanted, atol=1e-6)
    assert model.predict(["only one"]).shape == (1,)
    with pytest.warns(UserWarning, match="1 of 2 rows are longer than .*; only their beginning is read"):
        assert model.predict_proba(["long " * 99, "short"], cut=True).shape == (2, 3)


def test_another_process_answers_the_same(tmp_path):
    path, _ = text(tmp_path)
    folder = trained(tmp_path, path, {})[2]
    env = os.environ | dict(SPT_DATA=str(tmp_path / "none"), SPT_RUNS=str(tmp_path / "none"))
    def run(*args):
        return subprocess.run([sys.executable, "-m", "spt_nb", "predict", *map(str, args)], env=env, capture_output=True, text=True, cwd=tmp_path)
    done = run(folder, path, "--out", "out.csv")
    assert done.returncode == 0 and "40 rows answered" in done.stderr and not done.stdout, done.stderr
    here = spt_nb.predict(folder, path)
    there = pd.read_csv(tmp_path / "out.csv")
    assert list(there.columns) == ["row", "id", "prediction", "p_gut", "p_schlecht", "p_日本"]
    assert np.allclose(there.filter(like="p_"), here.filter(like="p_"), atol=1e-6)
    assert run(folder, path).stdout.splitlines()[0] == ",".join(there.columns)


def test_rows_that_do_not_fit_are_named(tmp_path):
    path, _ = channels(tmp_path)
    model = load_model(trained(tmp_path, path, {})[2])
    def refused(data, *why):
        with pytest.raises(SptError) as e:
            model.predict(data)
        assert all(w in str(e.value) for w in why), str(e.value)
    refused([np.zeros((3, 3)), np.zeros((3, 2))], "row 2")
    refused([np.zeros((3, 2))], "numbers in each step: 2", "training has 3")
    refused([np.zeros((3, 3)), np.zeros((99, 3))], "row 2, column 'x' has 99 steps; allowed: up to 8")
    refused([np.full((3, 3), np.nan)], "row 1, column 'x' has a missing value")
    refused(pd.DataFrame(dict(y=[1])), "column is 'x', which data does not have")
    refused(pd.DataFrame(dict(x=["a", "b"])), "'a'")
    refused(pd.DataFrame(dict(x=[np.zeros((3, 3)).tolist()], label=["c"])), "row 1, column 'label' is 'c'")


def test_a_wrong_rate_is_refused(tmp_path):
    path, _ = sounds(tmp_path)
    model = load_model(trained(tmp_path, path, {})[2])
    wav(tmp_path / "slow.wav", [1] * 20, 4000)
    with pytest.raises(SptError, match="slow.wav has a sampling rate of 4000, but training has 8000; allowed: one for all$"):
        model.predict(tmp_path / "slow.wav")
    (tmp_path / "no.wav").write_bytes(b"RIFF")
    with pytest.raises(SptError, match="no.wav is no sound|cannot be read|no WAV"):
        model.predict([tmp_path / "no.wav"])


@pytest.mark.parametrize("change, why", [(lambda r: r | dict(classes=["a"]), "number of classes is 1; allowed: 3"), (lambda r: r | dict(length=10**9), "length is 1000000000"),
    (lambda r: r | dict(own=r["own"] | dict(form="pickle")), "form is 'pickle'"), (lambda r: r | dict(fingerprint="0"), "fingerprint is 0"),
    (lambda r: r | dict(own=r["own"] | dict(seen=dict(resize=[60000, 60000]))), "pixels is 3600000000"), (lambda r: [], "allowed: a dict")], ids=range(6))
def test_a_reader_of_a_stranger_is_checked(change, why, tmp_path):
    path, _ = text(tmp_path)
    folder = trained(tmp_path, path, {})[2]
    write_json(folder / "reader.json", change(read_json(folder / "reader.json")))
    seal(folder)
    with pytest.raises(SptError, match="^reader.json: .*" + why):
        load_model(folder)


def test_a_folder_without_a_reader_still_loads(tmp_path):
    path, _ = text(tmp_path)
    folder = trained(tmp_path, path, {})[2]
    (folder / "reader.json").unlink()
    seal(folder)
    model = load_model(folder)
    for ask in (lambda: model.predict(["text"]), lambda: model.predict_proba(["text"]), lambda: model.classes, lambda: model.frame(["text"])):
        with pytest.raises(SptError, match="no reader.json"):
            ask()


def test_the_export_tells_scores_and_data(tmp_path):
    path, _ = text(tmp_path)
    folder = trained(tmp_path, path, {})[2]
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["interval"][0] <= scores["test"]["accuracy"] <= scores["interval"][1] and scores["examples"] > 0
    assert "rows.csv" in (folder / "README.md").read_text() and "spt predict model new.csv" in (folder / "README.md").read_text()


def test_a_split_is_found_beside_a_folder_of_that_name(tmp_path, monkeypatch):
    folder = trained(tmp_path, None, dict(n_train=40, n_valid=10, n_test=20), "copy_match")[2]
    (tmp_path / "test").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(spt_nb.predict(folder, "test")) == 20
    assert len(spt_nb.predict(folder, [[4, 5]], device="cpu")) == 1
    for device in ("cpu:x", "cuda:99", "tpu"):
        with pytest.raises(SptError, match=f"device is '{device}'; allowed: cpu"):
            spt_nb.predict(folder, [[4, 5]], device=device)


def test_rows_without_a_label_are_not_scored(tmp_path):
    from datasets import ClassLabel, Features, Value
    path, _ = text(tmp_path)
    model = load_model(trained(tmp_path, path, {})[2])
    kinds = Features(review=Value("string"), label=ClassLabel(names=["gut", "schlecht", "日本"]))
    frame = model.frame(Dataset.from_dict(dict(review=["good 1", "bad 2", "meh 3"], label=[0, -1, -1]), kinds))
    assert "over 1 labelled row," in frame.attrs["said"][-1]


def test_home_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path, _ = text(tmp_path)
    stage = trained(tmp_path, path, {})[2]
    key = read_json(stage / "versions.json")["stage"]
    assert export(key, Store("~/runs"), "~/again") == tmp_path / "again"
    assert import_stage("~/again", Store("~/other")) == tmp_path / "other" / key
    spt_nb.predict("~/again", path, "~/answers.csv")
    assert (tmp_path / "answers.csv").exists() and writable("out", "~/x") == tmp_path / "x"
