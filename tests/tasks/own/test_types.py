"""What tables of users hold: every type is read the same, nothing but signal becomes input, a series may be spread over rows, and labels stay apart."""
import json
import math
import re
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from spt_nb.core import SptError
from spt_nb.tasks.batches import Split
from spt_nb.tasks.own.load import load
from spt_nb.tasks.own.readers import plain
from spt_nb.tasks.summary import summary

N = 60
AB = ["ab"[i % 2] for i in range(N)]
TEXTS = [f"words {i}" for i in range(N)]
SPLITS = ["train"]*40 + ["valid"]*8 + ["test"]*12
LISTS = [[i + .5, 2.0, 3.25] for i in range(N)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    return tmp_path


def parquet(home, **columns):
    pq.write_table(pa.table(columns), home/"t.parquet")
    return home/"t.parquet"


def csv(home, head, row, n=N):
    (home/"t.csv").write_text(head + "\n" + "".join(row(i) + "\n" for i in range(n)))
    return home/"t.csv"


def sizes(task): return [len(d) for d in (task.train, task.valid, task.test)]


def values(task): return np.sort(np.concatenate([Split(d).x(i).ravel() for d in (task.train, task.valid, task.test) for i in range(len(d))]))


def inputs(task): return task.source.split(";")[0]


TEXT_TYPES = {"string": lambda a: a, "large_string": lambda a: a.cast(pa.large_string()), "string_view": lambda a: a.cast(pa.string_view()), "binary": lambda a: a.cast(pa.binary()),
              "dictionary": lambda a: a.dictionary_encode(), "dictionary of large strings": lambda a: a.cast(pa.large_string()).dictionary_encode()}


@pytest.mark.parametrize("kind", TEXT_TYPES)
def test_text_label_and_split_of_any_type(home, kind):
    of = TEXT_TYPES[kind]
    task = load(parquet(home, text=of(pa.array(TEXTS)), label=of(pa.array(AB)), split=of(pa.array(SPLITS))))
    assert sizes(task) == [40, 8, 12] and task.classes == ("a", "b") and task.modality == "tokens"


LIST_TYPES = {"list": pa.list_(pa.float64()), "large_list": pa.large_list(pa.float64()), "fixed_size_list": pa.list_(pa.float64(), 3), "list_view": pa.list_view(pa.float64()),
              "large_list_view": pa.large_list_view(pa.float64()), "float16": pa.list_(pa.float16()), "decimal": pa.list_(pa.decimal128(8, 2))}


@pytest.mark.parametrize("kind", LIST_TYPES)
def test_lists_of_any_type(home, kind):
    rows = [np.float16(r) for r in LISTS] if kind == "float16" else [[Decimal(str(v)) for v in r] for r in LISTS] if kind == "decimal" else LISTS
    task = load(parquet(home, x=pa.array(rows, LIST_TYPES[kind]), label=AB), x_norm="none")
    assert np.array_equal(values(task), np.sort(np.float32(LISTS).ravel()))


def test_run_ends_and_slices_are_plain():
    words = pa.array(["a", "a", None, "b"])
    assert plain(pc.run_end_encode(words).slice(1)).to_pylist() == ["a", None, "b"]
    nested = pa.ListArray.from_arrays(pa.array([0, 2, 4]), words.dictionary_encode())
    assert plain(nested.slice(1)).to_pylist() == [[None, "b"]] and plain(nested).type == pa.list_(pa.string())


@pytest.mark.parametrize("wrong, why", [(["train"]*59 + ["tset"], "row 60, column 'split' is 'tset'; allowed: train, valid, test"), (["test"]*60, "has no row of train"),
                                        (["train"]*59 + [None], "row 60, column 'split' is ''"), ([0, 1]*30, "row 1, column 'split' is '0'")])
def test_a_split_column_is_never_ignored(home, wrong, why):
    path = parquet(home, text=TEXTS, label=AB, split=wrong)
    with pytest.raises(SptError, match=re.escape(why)): load(path)
    assert sizes(load(path, ignore="split")) == [42, 6, 12]


@pytest.mark.parametrize("name", ["", "id", "patientID", "Unnamed: 0.1", "row_number", "date", "name", "weight", "fold", "age", "session", "filename"])
def test_what_is_no_signal_is_left_out(home, name):
    path = csv(home, f"{name},{','.join(f's{k}' for k in range(6))},label", lambda i: f"{i},{','.join(str((i*k) % 7) for k in range(2, 8))},{AB[i]}")
    task = load(path)
    assert task.length == 6 and "not used: " + (name or "a column without a name") in task.source
    assert load(path, x=f"{name},s0:s2").length == 4 if name else True


def test_ranges_patterns_and_ignored_columns(home):
    path = csv(home, "id,age," + ",".join(f"t{k}" for k in range(8)) + ",label", lambda i: f"{i},{i % 9},{','.join(str((i*k) % 7) for k in range(2, 10))},{AB[i]}")
    assert [load(path, x=x).length for x in ("t2:t5", "t*", "age,t[01]", ["t0", "t7"])] == [4, 8, 3, 2]
    assert load(path, ignore="t6:t7").length == 6
    with pytest.raises(SptError, match="x is 'u\\*', which t.csv does not have"): load(path, x="u*")


CELLS = {"json": str, "numpy": lambda r: str(np.array(r)), "tuples": lambda r: str(tuple(r)), "spaces": lambda r: " ".join(map(str, r)), "semicolons": lambda r: ";".join(map(str, r)),
         "commas": lambda r: ",".join(map(str, r)), "numpy scalars": lambda r: str([np.float64(v) for v in r]), "array": lambda r: repr(np.array(r))}


@pytest.mark.parametrize("kind", CELLS)
def test_lists_in_cells(home, kind):
    pd.DataFrame(dict(series=[CELLS[kind](r) for r in LISTS], label=AB)).to_csv(home/"t.csv", index=False)
    assert np.array_equal(values(load(home/"t.csv", x_norm="none")), np.sort(np.float32(LISTS).ravel()))


def test_cells_with_channels_holes_and_cuts(home):
    def cells(make): pd.DataFrame(dict(series=[make(r) for r in LISTS], label=AB)).to_csv(home/"t.csv", index=False)
    cells(lambda r: str(np.array([r, r]).T))
    assert load(home/"t.csv").channels == 2
    cells(lambda r: str([float("nan"), *r]))
    assert load(home/"t.csv").length == 3  # what no row has is left out
    cells(lambda r: str(np.arange(2000.) + r[0]))
    with pytest.raises(SptError, match="numpy cut short"): load(home/"t.csv")
    with pytest.raises(SptError, match="decimal comma.*without commas"): load(csv(home, "a;b;label", lambda i: f"{i},5;{i},25;{AB[i]}"))
    assert load(csv(home, "text,label", lambda i: f"{i} {i + 1},{AB[i]}")).modality == "tokens"


def steps(home, head="id,time,value,label", row=lambda i, k: f"{i},{k},{(i*k) % 7},{AB[i]}"):
    rows = [row(i, k) for i in range(30) for k in range(8)]
    np.random.default_rng(0).shuffle(rows)
    (home/"t.csv").write_text("\n".join([head, *rows]) + "\n")
    return home/"t.csv"


def test_a_series_spread_over_rows(home):
    task = load(steps(home), x_norm="none")
    want = {tuple(float((i*k) % 7) for k in range(8)) for i in range(30)}
    assert sum(sizes(task)) == 30 and {tuple(Split(d).x(i).ravel().tolist()) for d in (task.train, task.valid, task.test) for i in range(len(d))} == want
    assert "30 series, one for each id, in the order of time" in task.source
    assert load(steps(home, "unit,cycle,a,b,label", lambda i, k: f"{i},{k},{k},{k % 3},{AB[i]}")).channels == 2
    assert sizes(load(steps(home, "id,time,v,split,label", lambda i, k: f"{i},{k},{k},{SPLITS[2*i]},{AB[i]}"))) == [20, 4, 6]


@pytest.mark.parametrize("moments", [["00:00:00Z", "00:00:00.5Z", "00:00:00.55Z"], ["02:30:00+02:00", "02:30:00+01:00", "02:00:00+00:00"], ["00:00", "00:00:30", "00:01"]])
def test_times_as_text_are_ordered_as_time(home, moments):
    times = [f"2024-10-27T{m}" for m in moments]
    (home/"t.csv").write_text("id,time,value,label\n" + "".join(f"{i},{times[k]},{k},{AB[i]}\n" for i in range(30) for k in (2, 0, 1)))
    assert Split(load(home/"t.csv", x_norm="none").train).x(0).ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize("row, options, why", [
    (lambda i, k: f"{i},{k},{k},{AB[k]}", {}, "may have a row for each step, as 'id' repeats"), (lambda i, k: f"{i},{k},{k},{AB[k]}", dict(id="id"), "begins with another; allowed: one label for each id"),
    (lambda i, k: f"{i},{k//2},{k},{AB[i]}", dict(id="id"), "twice; allowed: each time once"), (lambda i, k: f"{i},{k}/1/2020,{k},{AB[i]}", dict(id="id"), "which is no time; allowed: numbers, dates as"),
    (lambda i, k: f"{i},{k},{k},{AB[i]}", dict(id="who"), "id is 'who', which t.csv does not have")])
def test_what_is_wrong_with_long_tables(home, row, options, why):
    with pytest.raises(SptError) as e: load(steps(home, row=row), **options)
    assert why in str(e.value)


def test_groups_stay_together(home):
    path = parquet(home, text=TEXTS, label=AB, who=[i//4 for i in range(N)])
    task = load(path, group="who")
    of = {t: i//4 for i, t in enumerate(TEXTS)}
    parts = [{of[bytes((np.array(r["x"])[:-1] - 4).astype(np.uint8)).decode()] for r in d} for d in (task.train, task.valid, task.test)]
    assert sum(map(len, parts)) == 15 and abs(len(task.test) - 12) <= 4 and load(path, group="who", seed=1).fingerprint != task.fingerprint
    given = load(parquet(home, text=TEXTS, label=AB, who=[i % 5 for i in range(N)], split=SPLITS), group="who")
    assert "warning: 5 of who lie in more than one given split" in given.source


@pytest.mark.parametrize("labels, classes", [(["07", "7"], ("07", "7")), ([str(2**53), str(2**53 + 1)], (str(2**53), str(2**53 + 1))), (["1"*25, "1"*24 + "2"], ("1"*25, "1"*24 + "2")), (["True", "False"], ("False", "True"))])
def test_labels_stay_apart(home, labels, classes):
    assert load(csv(home, "text,label", lambda i: f"w{i},{labels[i % 2]}")).classes == classes


@pytest.mark.parametrize("labels", [["1", "1.0"], ["a", "a "], ["1e3", "1000"], ["caf\u00e9", "cafe\u0301"], ["good", "good\u200b"]])
def test_two_spellings_of_a_label(home, labels):
    with pytest.raises(SptError, match="which would be one class; allowed: one spelling"): load(csv(home, "text,label", lambda i: f'w{i},"{labels[i % 2]}"'))


def test_doubts_are_said(home):
    assert "warning    classes 'Yes' and 'yes' differ in case only" in summary(load(csv(home, "text,label", lambda i: f"w{i},{['Yes', 'no', 'yes'][i % 3]}")))
    assert "warning    50 channels of 3 steps" in summary(load(parquet(home, x=np.random.default_rng(0).normal(size=(N, 3, 50)).tolist(), label=AB)))
    assert "axes" not in summary(load(parquet(home, x=np.random.default_rng(0).normal(size=(N, 50, 3)).tolist(), label=AB)))
    assert "inputs occur again with another label" in summary(load(csv(home, "text,label", lambda i: f"w{i//4},{AB[i]}")))
    assert "class 'NA' may stand for a missing label" in summary(load(csv(home, "text,label", lambda i: f"w{i},{['NA', 'no', 'yes'][i % 3]}")))
    assert "columns differ in scale by a factor of" in summary(load(csv(home, "phone,amount,label", lambda i: f"{4055073828 + 7*i**3},{i % 7}.5,{AB[i]}")))
    assert "a code for missing?" in summary(load(csv(home, "s0,s1,s2,label", lambda i: f"{i % 7},{i % 5},{-9999 if i == 5 else i % 3},{AB[i]}")))
    assert "say tokens='ids'" in summary(load(csv(home, "seq,label", lambda i: f"{i % 7} {i % 5} 3,{AB[i]}")))


@pytest.mark.parametrize("cell, order", [("2024-01-01 {}:00", [9, 10, 11]), ("{}:00", [9, 10, 11]), ("2024-1-{}", [9, 10, 11]), ("2024-01-01 09:00:{:02},5", [9, 10, 11])])
def test_hours_without_a_leading_zero_are_times(home, cell, order):
    (home/"t.csv").write_text("id,time,value,label\n" + "".join(f'{i},"{cell.format(k)}",{k},{AB[i]}\n' for i in range(30) for k in (11, 9, 10)))
    assert Split(load(home/"t.csv", x_norm="none").train).x(0).ravel().tolist() == order


@pytest.mark.parametrize("times, odd", [(["09:00 AM", "11:00 AM", "01:00 PM"], "row 1, column 'time' is '09:00 AM'"), (["2024-01-01 morning", "2024-01-01 noon", "x"], "'2024-01-01 morning'"),
                                        (["2024-01-31", "2024-02-31", "2024-03-01"], "row 2, column 'time' is '2024-02-31'"), (["2024-01-01T04:00", "2024-01-01 05:00", "5:00"], "row 3, column 'time' is '5:00'"),
                                        (["2024-01-01T09:00Z", "2024-01-01T10:00", "2024-01-01T11:00Z"], "row 2")])
def test_what_is_no_time_is_never_sorted_as_text(home, times, odd):
    (home/"t.csv").write_text("id,time,value,label\n" + "".join(f"{i},{times[k]},{k},{AB[i]}\n" for i in range(30) for k in range(3)))
    for options in ({}, dict(id="id", time="time")):
        with pytest.raises(SptError) as e: load(home/"t.csv", **options)
        assert odd in str(e.value) and "which is no time" in str(e.value)


def test_events_and_switches_in_long_form(home):
    for cell, form in ((lambda i, k: ["login", "click", "buy"][(i + k*k) % 3], "symbols of a vocabulary"), (lambda i, k: (i + k*k) % 3 == 0, "numbers")):
        path = steps(home, "user,time,event,label", lambda i, k: f"{i},{k},{cell(i, k)},{AB[i]}")
        with pytest.raises(SptError, match="may have a row for each step, as 'user' repeats and there is 'time', but no numbers"): load(path)
        task = load(path, id="user", time="time", x_norm=None if form != "numbers" else "none")
        x, said = Split(task.train).x(0), [str(cell(i, k)) for i in range(30) for k in range(8)]
        assert sum(sizes(task)) == 30 and task.length == 8 and form in task.source
        read = [task.vocab[i] for i in x] if task.vocab else [str(v == 1) for v in x.ravel()]
        assert read in [said[8*i:8*i + 8] for i in range(30)]


def test_text_beside_numbers_needs_a_choice(home):
    with pytest.raises(SptError, match="holds text and numbers; choose with x='city' or x='age,income'"): load(csv(home, "age,income,city,label", lambda i: f"{i*7 % 40},{i*i % 99},{'Rome Oslo Bern'.split()[i % 3]},{AB[i]}"))
    assert load(csv(home, "age,income,opinion,label", lambda i: f"{i*7 % 40},{i*i % 99},I liked film {i},{AB[i]}")).modality == "tokens"
    task = load(csv(home, "age,income,smoker,label", lambda i: f"{i*7 % 40},{i*i % 99},{i % 3 == 0},{AB[i]}"), x_norm="none")
    assert task.length == 3 and set(np.stack([Split(task.train).x(i) for i in range(len(task.train))])[:, 2].ravel()) == {0, 1}


@pytest.mark.parametrize("cells", [["1,5", "2,0", "2,5"], ["1,000", "14,500", "9,000"]])
def test_labels_with_commas_are_refused_or_named(home, cells):
    path = csv(home, "text;label", lambda i: f"w{i};{cells[i % 3]}")
    with pytest.raises(SptError, match=f"holds '{cells[0]}'; allowed: numbers as 1.5"): load(path)
    assert set(load(path, kind="classification").classes) == set(cells)


def test_many_columns_are_read_in_linear_time(home, monkeypatch):
    looked = []
    monkeypatch.setattr(sys.modules[load.__module__], "named", lambda *a: looked.append(a))
    names = [f"t{i}" for i in range(3000)]
    task = load(csv(home, ",".join([*names, "label"]), lambda i: ",".join([*map(str, np.arange(3000) % 7 + i), AB[i]])))
    assert task.length == 3000 and not looked


@pytest.mark.parametrize("base, step", [(5.2e6, .01), (86400, .001), (1.7e9, 1)])
def test_numbers_far_from_zero(home, base, step):
    rows = [dict(x=[base + ((37*i + 11*k) % 50)*step for k in range(20)], target=base + i*step) for i in range(N)]
    (home/"t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = load(home/"t.jsonl", kind="regression")
    y = np.concatenate([Split(d).y for d in (task.train, task.valid, task.test)])
    assert len(np.unique(values(task))) == 50 and len(np.unique(y)) == N
    assert math.isclose(np.ptp(values(task))/np.diff(np.unique(values(task))).min(), 49, rel_tol=.01)
    assert "float32 keeps" in load(home/"t.jsonl", kind="regression", x_norm="none").source or base < 1e6


def test_missing_values(home):
    rows = [dict(x=[1.0, None if i % 4 else 2.0, 3.0, i], label=AB[i]) for i in range(N)]
    (home/"t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for options, why in [({}, "has a missing value"), (dict(missing="drop"), "drop_missing would leave 15 of 60 rows"), (dict(drop_missing=True), "would leave 15 of 60")]:
        with pytest.raises(SptError, match=why): load(home/"t.jsonl", **options)
    assert sum(sizes(load(home/"t.jsonl", missing="drop-any"))) == 15
    whole = load(home/"t.jsonl", missing="interpolate", x_norm="none")
    assert all((Split(whole.train).x(i)[1] == 2).all() for i in range(len(whole.train))) and "45 missing values interpolated" in whole.source
    masked = load(home/"t.jsonl", missing="mask")
    x = np.stack([Split(masked.train).x(i) for i in range(len(masked.train))])
    assert masked.channels == 2 and set(np.unique(x[:, :, 1])) == {0, 1} and (x[:, :, 0][x[:, :, 1] == 0] == 0).all()
    assert abs(x[:, :, 0][x[:, :, 1] == 1].mean()) < 1e-5


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_json_as_pandas_writes_it(home, orient):
    pd.DataFrame(dict(text=TEXTS, label=AB)).to_json(home/"t.json", orient=orient)
    assert sum(sizes(load(home/"t.json"))) == N


def test_messages_are_short(home):
    wide = parquet(home, **{f"a rather long name {k}": [1.0]*N for k in range(500)})
    for options in ({}, dict(y="no"), dict(y="a rather long name 1", x="no")):
        with pytest.raises(SptError) as e: load(wide, **options)
        assert len(str(e.value)) <= 500


def test_what_was_read_before_keeps_its_fingerprint(home):
    "Stored results name the data they were computed on."
    (home/"t.jsonl").write_text("\n".join(json.dumps(dict(x=x, y=i/8)) for i, x in enumerate(LISTS)))
    marks = [load(csv(home, "text,label", lambda i: f"words {i},{AB[i]}")), load(home/"t.jsonl"), load(home/"t.jsonl", x_norm="none", y_norm="none")]
    assert [t.fingerprint for t in marks] == ["5574f1079b8851d5", "29a970c8e5ffa205", "6bef6dc615172c7e"]
