"""The command line as a user meets it: an exit status, one line."""
import re

import pytest
from helpers import spt

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("args, names", [
    (["compare", "--task", "listopps"], ["listopps", "listops"]),
    (["compare", "--task", "dyck", "--mask-ratio", "2"], ["mask_ratio is 2", "less than 1"]),
    (["compare", "--task", "dyck", "--pretrain-steps", "-10"], ["pretrain_steps is -10", "greater than or equal to 1"]),
    (["compare", "--task", "dyck", "--colour", "red"], ["colour", "d_model"]),
    (["data", "listops", "--data-dir", "/no/such/folder"], ["/no/such/folder"]),
    (["data"], ["task is missing", "--verify"]),
    (["data", "."], ["task is '.'", "allowed: own, with this path as its data"]),
    (["compare", "."], ["argument is '.'", "as --data ."]),
    (["compare", "dyck"], ["argument is 'dyck'", "as --task dyck"]),
    (["doctor", "dyck"], ["argument is 'dyck'", "as --name value"]),
    (["compare", "--data", "/no/such/file.csv"], ["/no/such/file.csv", "a file or a folder"]),
    (["compare", "--task", "dyck", "--data", "x.csv"], ["data is given, and task too"]),
    (["compare", "--task", "dyck", "--scale", "paper", "--dry-run"], ["the paper has no task 'dyck'", "give d_model, n_layers"]),
    (["compare", "--task", "dyck", "--dry-run", "--speed", "abacus"], ["speed is 'abacus'", "h200"]),
    (["compare", "--task", "dyck", "--speed", "h200"], ["speed is 'h200'", "with --dry-run only"]),
    (["compare", "--task", "dyck", "--levels", "true"], ["levels is True", "allowed: False"]),
])
def test_mistake_is_one_line(tmp_path, call, args, names):
    status, out, err = call(*args, cwd=tmp_path)
    assert status == 2 and out == "" and err.count("\n") == 1 and "Traceback" not in err, err
    assert all(n in err for n in names), err
    assert not list(tmp_path.glob("runs/*")), "work was done before the mistake was found"


def test_runs_folder_that_cannot_be_written_is_said(tmp_path):
    p = spt("compare", "--task", "dyck", "--mixers", "dlr", "--scale", "smoke", "--runs", "/dev/full/runs", cwd=tmp_path)
    out, err = p.communicate()
    assert p.returncode == 2 and "/dev/full/runs" in err and err.count("\n") == 1


def test_tasks_says_what_is_here_and_how_to_get_the_rest(tmp_path, monkeypatch, call):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    _, out, err = call("tasks", cwd=tmp_path)
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "generated" in lines["pathx"] and "missing" in lines["text"] and err == ""
    assert "bidmc: put BIDMC32RR_TRAIN.ts" in out and str(tmp_path / "data/downloads/bidmc") in out


def test_data_is_kept_and_verified(tmp_path, monkeypatch, call):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    _, out, err = call("data", "pathfinder", "--n-train", "20", "--n-valid", "5", "--n-test", "5", cwd=tmp_path)
    assert "20 / 5 / 5 rows" in out and "hides 50% of positions" in out, err
    status, out, _ = call("data", "--verify", cwd=tmp_path)
    assert "1 kept" in out and status == 0
    shard = next((tmp_path / "data").glob("pathfinder32-*/train*.arrow"))
    shard.write_bytes(shard.read_bytes()[:-7])
    status, out, _ = call("data", "--verify", cwd=tmp_path)
    assert "BROKEN: train-00000.arrow does not match its hash" in out and status == 1


def test_own_data_from_a_file_to_a_table(tmp_path, monkeypatch):
    "The summary comes before any training, and the table after."
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    (tmp_path / "notes.csv").write_text("text,label\n" + "".join(f"{'good' if i % 2 else 'bad'} note {i},{i % 2}\n" for i in range(60)))
    p = spt("compare", "--data", "notes.csv", "--scale", "smoke", "--mixers", "dlr", "--inits", "scratch,masked", "--seeds", "1",
            "--n-train", "20", "--n-valid", "5", "--n-test", "10", cwd=tmp_path)
    out, err = p.communicate()
    assert p.returncode == 0, err
    assert out.index("hides 15% of positions") < out.index("dlr: masked minus scratch")
    assert (tmp_path / "runs/compare-own-notes-smoke/table.csv").exists()


@pytest.mark.parametrize("args", [["compare", "--task", "pathx", "--mixers", "s4", "--scale", "paper", "--speed", "h200"],
                                  ["compare", "--task", "dyck", "--mixers", "dlr", "--cluster", "slurm"],
                                  ["compare", "--data", "notes.csv", "--mixers", "dlr", "--n-valid", "5", "--n-test", "10"]])
def test_a_dry_run_tells_the_hours_and_leaves_nothing(tmp_path, monkeypatch, call, args):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    (tmp_path / "notes.csv").write_text("text,label\n" + "".join(f"{'good' if i % 2 else 'bad'} note {i},{i % 2}\n" for i in range(60)))
    status, out, err = call(*args, "--dry-run", cwd=tmp_path)
    assert status == 0, err
    assert re.search(r"time +about \d.* with \d workers?", out) and re.search(r"memory +about \d", out) and "pretrain" in out and ("sbatch" in out or "#SBATCH" in out) == ("slurm" in args)
    assert [f.name for f in tmp_path.iterdir()] == ["notes.csv"]
