"""DNA: files of every form, what is held out, and generated tasks that are a function of their seed alone."""
import numpy as np
import pandas as pd
import pytest
from helpers import spt

from spt_nb.core import SptError
from spt_nb.tasks import load_task
from spt_nb.tasks.genomics import BENCHMARKS, PROBLEMS, load, source


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def table(n, classes=3, seed=0):
    "Random DNA of lengths 20 to 60; class c starts with a run of one letter."
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    return pd.DataFrame(dict(sequence=["ACG"[c] * 8 + "".join(rng.choice(list("ACGTN"), rng.integers(12, 53))) for c in label], label=label))


def write(folder, n=300, classes=3):
    folder.mkdir(parents=True, exist_ok=True)
    for half, m in (("train", n), ("test", n // 3)):
        table(m, classes, seed=m).to_csv(folder / f"{half}.csv", index=False)
    return folder


def test_hub_names_of_every_problem():
    assert len(set(PROBLEMS)) == 27
    assert all(source(p).hub.endswith(p) for p in BENCHMARKS)
    assert {source(p).hub for p in PROBLEMS[9:]} == {"InstaDeepAI/nucleotide_transformer_downstream_tasks_revised"}


def test_without_files_or_hub_the_error_says_what_to_put_where(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SptError, match="genomics cannot be had from the hub as InstaDeepAI/.*; put H3K9ac/train/CLASS/.*txt .* into .*downloads/genomics") as e:
        load(problem="H3K9ac")
    assert "\n" not in str(e.value)


def test_a_tenth_of_each_class_is_held_out_and_no_row_is_lost(tmp_path):
    task, rows = load(write(tmp_path / "a")), table(300, seed=300)
    for c in range(3):
        n = (rows.label == c).sum()
        assert (np.array(task.valid["y"]) == c).sum() == round(n / 10)
    together = sorted("".join(task.vocab[i] for i in x) for s in (task.train, task.valid) for x in s["x"])
    assert together == sorted(rows.sequence)
    assert (task.n_outputs, task.classes) == (3, ("0", "1", "2"))


def test_what_is_longer_is_cut(tmp_path):
    whole, cut = load(write(tmp_path / "a")), load(tmp_path / "a", length=25)
    assert [list(x)[:25] for x in whole.test["x"]] == [list(x) for x in cut.test["x"]]


def test_limits_are_nested(tmp_path):
    write(tmp_path / "a")
    some, more = (load(tmp_path / "a", n_train=n).train["x"] for n in (10, 50))
    assert len(some) == 10 and [list(x) for x in some] == [list(x) for x in more][:10]


def test_a_folder_of_several_problems(tmp_path):
    for p, classes in zip(BENCHMARKS[:2], (2, 3)):
        write(tmp_path / "all" / p, classes=classes)
    assert [load(tmp_path / "all", problem=p).n_outputs for p in BENCHMARKS[:2]] == [2, 3]
    with pytest.raises(SptError, match=f"no genomics data in .*; allowed: {BENCHMARKS[2]}/train"):
        load(tmp_path / "all", problem=BENCHMARKS[2])


def test_an_edited_file_is_read_again(tmp_path):
    before = load(write(tmp_path / "a")).fingerprint
    rows = pd.read_csv(tmp_path / "a/train.csv")
    rows.loc[0, "sequence"] = "ACGT"
    rows.to_csv(tmp_path / "a/train.csv", index=False)
    assert load(tmp_path / "a").fingerprint != before


@pytest.mark.parametrize("text, why", [
    (">a|0\nACGT\nAC-T\n", "letter 7 is '-'"), ("ACGT\n", "line 1: 'ACGT'; allowed: >name.label first"), (">a\nACGT\n", "has no label"),
    (">a|0\n>b|1\nAC\n", "sequence is ''"), ("", "have no rows")])
def test_bad_fasta(tmp_path, text, why):
    for half in ("train", "test"):
        (tmp_path / f"{half}.fna").write_text(text)
    with pytest.raises(SptError, match=why) as e:
        load(tmp_path)
    assert "\n" not in str(e.value)


def test_bytes_that_are_no_text(tmp_path):
    for half in ("train", "test"):
        (tmp_path / f"{half}.fna").write_bytes(b">a|0\nAC\xff\n")
    with pytest.raises(SptError, match="not a text in UTF-8"):
        load(tmp_path)


def test_from_the_command_line(tmp_path):
    p = spt("compare", "--task", "genomics", "--data-dir", str(write(tmp_path / "a")), "--mixers", "dlr", "--seeds", "1", "--scale", "smoke", "--runs", str(tmp_path / "runs"))
    out, err = p.communicate(timeout=300)
    assert p.returncode == 0, err
    assert "masked" in out


@pytest.mark.parametrize("name", ["promoters", "memory"])
def test_a_generated_row_does_not_depend_on_the_others(name):
    small, large = (load_task(name, n_train=n, n_valid=10, n_test=10) for n in (40, 90))
    again = load_task(name, n_train=40, n_valid=10, n_test=10)
    assert again.fingerprint == small.fingerprint
    assert np.array_equal(np.array(small.train["x"]), np.array(large.train["x"])[:40])
    assert load_task(name, n_train=40, n_valid=10, n_test=10, seed=1).fingerprint != small.fingerprint
