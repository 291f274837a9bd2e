"""Series files: real-world untidiness, every kind of damage, and a large file that must not be held in memory."""
import os
import subprocess
import sys

import numpy as np
import pytest

from spt_nb.core import SptError
from spt_nb.tasks.series import bidmc
from spt_nb.tasks import series
from spt_nb.tasks.batches import Split
from spt_nb.tasks.series import bundled_dir, find_pair, problems
from spt_nb.tasks.ts_files import read_ts

HEAD = "@problemName Toy\n@timeStamps false\n@univariate false\n@classLabel true low high\n@data\n"
ROWS = ["1,2,3:4,5,6:low", "2,2:4,4:high", "3,?,5:1,1,1:low", "0,1:1,0:high"] * 4


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def put(folder, train=HEAD + "\n".join(ROWS), test=HEAD + "\n".join(ROWS[:4]), name="Toy"):
    folder.mkdir(parents=True, exist_ok=True)
    for split, text in (("TRAIN", train), ("TEST", test)):
        (folder / f"{name}_{split}.ts").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def rows(ds):
    s = Split(ds)
    return [(s.x(i).tobytes(), int(s.y[i])) for i in range(len(s))]


@pytest.mark.parametrize("below", ["", "Toy", "Univariate_ts/Toy", "archive/Multivariate_ts/Toy"])
def test_found_wherever_an_archive_puts_it(tmp_path, below):
    put(tmp_path / "d" / below)
    (tmp_path / "d" / "._Toy_TRAIN.ts").write_bytes(b"\0\5")
    assert len(series.load(tmp_path / "d", problem="toy").train) == 12


def test_untidy_files_hold_the_same_series(tmp_path):
    tidy = series.load(put(tmp_path / "a"), problem="Toy")
    text = "\ufeff# caf\u00e9\n\n" + HEAD.replace("@data", "@DATA").replace("@class", "@CLASS") + "\n\n".join(ROWS) + "\n \n\n"
    untidy = series.load(put(tmp_path / "b", text.replace("\n", "\r\n").encode()), problem="Toy")
    latin = series.load(put(tmp_path / "c", text[1:].encode("latin-1")), problem="Toy")
    for other in (untidy, latin):
        assert rows(other.train) == rows(tidy.train) and other.classes == tidy.classes


@pytest.mark.parametrize("text, why", [
    (b"", "has no line @data"), (HEAD[:40], "has no line @data"), (HEAD, "Toy_TRAIN.ts holds no series"), (b"\xff\xfe\0\1" * 99, "line 1"),
    (HEAD + "1,2:3,4:low\n1,2:mid", "line 7: the label is 'mid'; allowed: low, high"), (HEAD + "1,2:3,4:low\n1,2:low", "line 7: 1 channels; allowed: 2"),
    (HEAD + "1,2:3:low", "line 6: channels have 1 and 2 values"), (HEAD + "1,2:3,x:low", "line 6: 'x' is not a number"),
    (HEAD + "1,2:3,\0:low", "line 6"), (HEAD + "1,2:?,?:low", "line 6: channel 2 has no value"), (HEAD + "1,2:3,inf:low", "line 6: a value is infinite"),
    (HEAD + ROWS[0][:9], "line 6: the label is"), (HEAD.replace("true low", "false low") + ROWS[0], "line 5: the header names no classes"),
    (HEAD.replace("univariate false", "univariate true") + ROWS[0], "line 6: 2 channels; allowed: 1"), (HEAD + "1:2:low", "has 1 series"),
    ("@targetlabel true\n@data\n1:2", "only one of"),
    ("@classLabel true low high\n@data\n1:low\n2:low", "Toy_TEST.ts has 2 channels; allowed: 1")])
def test_damage_is_one_line_and_leaves_no_cache(tmp_path, text, why):
    with pytest.raises(SptError) as e:
        series.load(put(tmp_path / "d", text), problem="Toy")
    assert why in str(e.value) and "\n" not in str(e.value)


def test_a_target_is_a_number(tmp_path):
    text = "@targetlabel true\n@data\n" + "1,2:0.5\n" * 9
    assert series.load(put(tmp_path / "a", text, text), problem="Toy").kind == "regression"
    with pytest.raises(SptError, match="Toy_TRAIN.ts line 12: the target is 'nan'; allowed: a number"):
        series.load(put(tmp_path / "b", text + "1,2:nan", text), problem="Toy")


def test_missing_counterpart_and_unknown_problem(tmp_path):
    (put(tmp_path / "d") / "Toy_TEST.ts").unlink()
    with pytest.raises(SptError, match="no counterpart"):
        series.load(tmp_path / "d", problem="Toy")
    with pytest.raises(SptError, match="problems in .*: none"):
        series.load(tmp_path / "d", problem="Other")
    with pytest.raises(SptError, match="allowed without a download: ACSF1, ArrowHead"):
        series.load(problem="Other")


def test_a_changed_file_is_read_again(tmp_path):
    before = series.load(put(tmp_path / "d"), problem="Toy", x_norm="none")
    after = series.load(put(tmp_path / "d", HEAD + "\n".join(ROWS).replace("3", "7")), problem="Toy", x_norm="none")
    assert before.fingerprint != after.fingerprint
    assert max(Split(after.train).x(i).max() for i in range(len(after.train))) == 7


@pytest.mark.parametrize("name", problems(bundled_dir()))
def test_every_bundled_problem_keeps_its_series(name):
    task = series.load(problem=name, x_norm="none")
    files = find_pair(bundled_dir(), name)
    kept = [rows(task.train) + rows(task.valid), rows(task.test)]
    for got, split in zip(kept, ("train", "test")):
        assert sorted(got) == sorted((x.astype(np.float32).tobytes(), int(y)) for x, y, _ in read_ts(files[split]))
    if task.classes and min(np.bincount(Split(task.train).y)) > 1:
        assert set(Split(task.valid).y) == set(Split(task.train).y)


HEIGHTS = [5.2e6 + .01*((37*i + 11*k) % 50) for i in range(40) for k in range(20)]


def test_numbers_far_from_0_stay_apart(tmp_path):
    "Values and targets are centred in float64; what float32 cannot keep apart is an error."
    lines = [",".join(f"{v:.2f}" for v in HEIGHTS[20*i:20*i + 20]) for i in range(40)]
    text = HEAD.replace("univariate false", "univariate true") + "\n".join(f"{x}:{'low high'.split()[i % 2]}" for i, x in enumerate(lines))
    train = Split(series.load(put(tmp_path / "a", text, text), problem="Toy").train)
    assert len(np.unique(np.concatenate([train.x(i) for i in range(len(train))]))) == 50
    with pytest.raises(SptError, match="x of Toy: 50 different values become 2 in float32; .* x_norm='train'"):
        series.load(tmp_path / "a", problem="Toy", x_norm="none")
    targets = "@targetlabel true\n@data\n" + "\n".join(f"1,2:{1.7e9 + i + .5}" for i in range(40))
    with pytest.raises(SptError, match="y of Toy: 30 different values become 1 in float32"):
        series.load(put(tmp_path / "b", targets, targets), problem="Toy")


def test_targets_of_bidmc_are_rescaled_in_float64(tmp_path):
    text = "@targetlabel true\n@data\n" + "\n".join(f"1,{i}:2,{i}:{1.7e9 + i + .5}" for i in range(40))
    task = bidmc(put(tmp_path, text, text, "BIDMC32RR"))
    y = np.unique(np.concatenate([Split(ds).y for ds in (task.train, task.valid, task.test)]))
    assert len(y) == 40 and np.ptp(np.diff(y)) < 1e-6


LARGE = """
import resource, sys
from spt_nb.tasks.series import bidmc
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024
before = peak()
task = bidmc(sys.argv[1], target="HR", split="original")
print(len(task.train), len(task.valid), len(task.test), task.length, peak() - before)
"""


@pytest.mark.slow
def test_a_large_file_is_streamed(tmp_path):
    rng = np.random.default_rng(0)
    channels = [",".join(f"{v:.5f}" for v in rng.normal(size=4000)) for _ in range(20)]
    for split, n in (("TRAIN", 500), ("TEST", 20)):
        with open(tmp_path / f"BIDMC32HR_{split}.ts", "w") as f:
            f.write("@problemName BIDMC32HR\n@timeStamps false\n@missing false\n@univariate false\n@targetlabel true\n@data\n")
            f.writelines(f"{channels[i % 20]}:{channels[i*7 % 19]}:{60 + i % 40}\n" for i in range(n))
    for most in (110, 60):  # MB when it is converted; when it is opened again. As Python floats its 4 million values are over 130 MB
        out = subprocess.run([sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, env=os.environ).stdout.split()
        assert out[:4] == ["400", "100", "20", "4000"] and int(out[4]) < most, out


def test_bidmc_needs_two_channels_and_targets(tmp_path):
    head = "@targetlabel true\n@data\n"
    with pytest.raises(SptError, match="series have 1 channels; allowed: 2"):
        bidmc(put(tmp_path / "a", head + "1,2:3\n" * 20, head + "1,2:3\n" * 9, "BIDMC32RR"))
    with pytest.raises(SptError, match="has classes; allowed: @targetlabel true"):
        bidmc(put(tmp_path / "b", name="BIDMC32RR"))
    with pytest.raises(SptError, match="BIDMC32SpO2_TRAIN.ts"):
        bidmc(tmp_path, target="SpO2")
    assert "zenodo.org/records/4001464" in str(pytest.raises(SptError, bidmc, target="SpO2").value)
