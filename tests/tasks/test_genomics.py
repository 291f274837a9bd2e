"""DNA: files of every form, what is held out, and generated tasks that are a function of their seed alone."""
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import start

from spt_nb.core import SptError
from spt_nb.tasks import genomics, load_task
from spt_nb.tasks.genomics import BENCHMARKS, PROBLEMS, background, load, source_of


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


def as_classes(folder, half, rows):
    "As the package of the Genomic Benchmarks writes them."
    for i, (x, y) in enumerate(zip(rows.sequence, rows.label)):
        (folder / half / str(y)).mkdir(parents=True, exist_ok=True)
        (folder / half / str(y) / f"{i:04}.txt").write_text(x)


def as_hub_benchmarks(folder, half, rows):
    (folder / "data").mkdir(parents=True, exist_ok=True)
    rows.rename(columns=dict(sequence="seq")).to_parquet(folder / f"data/{half}-00000-of-00001-aeb55728756a44ae.parquet", index=False)


def as_hub_nucleotide(folder, half, rows):
    "Parquet and FASTA of the same rows, one folder for each problem."
    for problem in (folder.name, "other"):
        (folder.parent / problem).mkdir(parents=True, exist_ok=True)
        rows.assign(name="chr1:1-2", task=problem)[["sequence", "name", "label", "task"]].to_parquet(folder.parent / problem / f"{half}.parquet", index=False)
        (folder.parent / problem / f"{half}.fna").write_text("".join(f">chr1:1-2|{y}\n{x}\n" for x, y in zip(rows.sequence, rows.label)))


def contents(task):
    "Letters and class of all rows of training and of testing."
    return {name: sorted(("".join(task.vocab[i] for i in x), task.classes[y]) for s in splits for x, y in zip(s["x"], s["y"]))
            for name, splits in dict(train=(task.train, task.valid), test=(task.test,)).items()}


def expected(train, test):
    return {name: sorted(zip(t.sequence, t.label.astype(str))) for name, t in dict(train=train, test=test).items()}


@pytest.mark.parametrize("layout", [as_classes, as_hub_benchmarks, as_hub_nucleotide])
def test_every_layout_gives_every_row_once(tmp_path, layout):
    problem = "H3K9ac" if layout is as_hub_nucleotide else BENCHMARKS[1]
    rows = table(120, seed=1), table(40, seed=2)
    for half, r in zip(("train", "test"), rows):
        layout(tmp_path / "all" / problem, half, r)
    for folder in (tmp_path / "all", tmp_path / "all" / problem):
        assert contents(load(folder, problem=problem)) == expected(*rows)


@pytest.mark.parametrize("layout, problem", [(as_hub_benchmarks, BENCHMARKS[0]), (as_hub_nucleotide, "H3K9ac")])
def test_a_copy_of_the_hub_through_datasets(tmp_path, monkeypatch, layout, problem):
    "The real download code, with a folder of the hub's layout where the id of the hub would be."
    rows = table(120, seed=1), table(40, seed=2)
    for half, r in zip(("train", "test"), rows):
        layout(tmp_path / "repo" / problem, half, r)
    hub = tmp_path / "repo" / (problem if layout is as_hub_benchmarks else "")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hub")
    monkeypatch.setattr(genomics, "source_of", lambda p: replace(source_of(p), hub=str(hub)))
    task = load(problem=problem)
    assert contents(task) == expected(*rows) and "from the hub" in task.source


def test_files_that_are_something_else_stay_out(tmp_path):
    write(tmp_path / "a", n=60)
    before = load(tmp_path / "a").fingerprint
    for name in ("training_old.csv", "train_small.csv", "test_predictions.csv", "train.csv.bak", ".train.csv", "valid.csv"):
        table(30, seed=9).to_csv(tmp_path / "a" / name, index=False)
    assert load(tmp_path / "a").fingerprint == before


@pytest.mark.parametrize("column, value, why", [
    ("sequence", "ACZT", "train.csv, row 8: letter 3 is 'Z'"), ("sequence", "AC GT", "row 8: letter 3 is ' '"), ("sequence", "ACGU", "row 8: letter 4 is 'U'"),
    ("sequence", "A\u0421G", "row 8: letter 2 is '\u0421'"), ("sequence", "", "row 8: sequence is ''"), ("label", "", "train.csv, row 8: label is missing"),
    ("label", "rare", "class 'rare' has 1 row")])
def test_bad_rows_are_named(tmp_path, column, value, why):
    write(tmp_path / "a", n=60)
    rows = pd.read_csv(tmp_path / "a/train.csv", dtype=str)
    rows.loc[7, column] = value
    rows.to_csv(tmp_path / "a/train.csv", index=False)
    with pytest.raises(SptError, match=why) as e:
        load(tmp_path / "a")
    assert "\n" not in str(e.value)


def test_codes_for_several_letters_are_unknown_ones(tmp_path):
    write(tmp_path / "a", n=60)
    rows = pd.read_csv(tmp_path / "a/test.csv", dtype=str)
    rows.loc[0, "sequence"] = "acgtnRYSWKMBDHV"
    rows.to_csv(tmp_path / "a/test.csv", index=False)
    task = load(tmp_path / "a")
    assert "".join(task.vocab[i] for i in task.test[0]["x"]) == "ACGTN" + 10 * "N"


@pytest.mark.parametrize("labels, why", [(range(300), "label has 300 different values in train, as 0, 1, 2; allowed: 2 to 127"), ([1] * 300, "label is '1' in all of train")])
def test_labels_that_are_no_classes(tmp_path, labels, why):
    write(tmp_path / "a")
    pd.read_csv(tmp_path / "a/train.csv").assign(label=list(labels)).to_csv(tmp_path / "a/train.csv", index=False)
    with pytest.raises(SptError, match=why):
        load(tmp_path / "a")


def test_whole_numbers_are_themselves_in_any_type(tmp_path):
    "1 in one file is 1.0 in another, as pandas writes it."
    for half, kind in (("train", float), ("test", int)):
        write(tmp_path / "a")
        table(90, seed=len(half)).astype(dict(label=kind)).to_parquet(tmp_path / "a" / f"{half}.parquet")
    assert load(tmp_path / "a").classes == ("0", "1", "2")


def test_hub_names_of_every_problem():
    assert len(set(PROBLEMS)) == 27
    assert all(source_of(p).hub.endswith(p) for p in BENCHMARKS)
    assert {source_of(p).hub for p in PROBLEMS[9:]} == {"InstaDeepAI/nucleotide_transformer_downstream_tasks_revised"}


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
    (">a|0\nACGT\nAC-T\n", "letter 7 is '-'"), ("ACGT\n", "begins with 'ACGT'; allowed: >name.label first"), (">a\nACGT\n", "has no label"),
    (">a|0\n>b|1\nAC\n", "sequence is ''"), ("", "the train half of genomics holds no rows of")])
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


@pytest.mark.slow
def test_from_the_command_line(tmp_path, call):
    status, out, err = call("compare", "--task", "genomics", "--data-dir", str(write(tmp_path / "a")), "--mixers", "dlr", "--seeds", "1", "--scale", "smoke", "--runs", str(tmp_path / "runs"), "--workers", "1")
    assert status == 0, err
    assert "masked" in out


@pytest.mark.parametrize("name", ["promoters", "memory"])
def test_a_generated_row_does_not_depend_on_the_others(name):
    small, large = (load_task(name, n_train=n, n_valid=10, n_test=10) for n in (40, 90))
    again = load_task(name, n_train=40, n_valid=10, n_test=10)
    assert again.fingerprint == small.fingerprint
    assert all(np.array_equal(np.array(small.train[c]), np.array(large.train[c])[:40]) for c in "xy")
    assert load_task(name, n_train=40, n_valid=10, n_test=10, seed=1).fingerprint != small.fingerprint
    some, more = (large.subset(n).train["x"] for n in (7, 30))
    assert np.array_equal(np.array(some), np.array(more)[:7])


BITS = """
import hashlib, numpy as np
from spt_nb.tasks import load_task
def bits(name):
    t = load_task(name, n_train=40, n_valid=10, n_test=10, seed=3)
    return hashlib.sha256(b"".join(np.asarray(s[c]).tobytes() for s in (t.train, t.valid, t.test) for c in "xy")).hexdigest()
print(bits("promoters"), bits("memory"))
"""


def test_another_process_draws_the_same_bits(capsys):
    there = start(BITS)
    exec(BITS, {})
    assert len(here := capsys.readouterr().out) > 100
    assert here == there.communicate()[0]


def test_rows_of_dna_can_be_drawn_in_any_order():
    chosen = np.array([30, 2, 7])
    assert np.array_equal(background(chosen, 128, 5), background(np.arange(40), 128, 5)[chosen])
