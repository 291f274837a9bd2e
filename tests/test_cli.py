"""The command line as a user meets it: a process, an exit status, one line."""
import pytest
from helpers import spt


@pytest.mark.parametrize("args, names", [
    (["compare", "--task", "listopps"], ["listopps", "listops"]),
    (["compare", "--task", "dyck", "--mask-ratio", "2"], ["mask_ratio is 2", "less than 1"]),
    (["compare", "--task", "dyck", "--pretrain-steps", "-10"], ["pretrain_steps is -10", "greater than or equal to 1"]),
    (["compare", "--task", "dyck", "--colour", "red"], ["colour", "d_model"]),
    (["data", "listops", "--data-dir", "/no/such/folder"], ["/no/such/folder"]),
])
def test_mistake_is_one_line(tmp_path, args, names):
    p = spt(*args, cwd=tmp_path)
    out, err = p.communicate()
    assert p.returncode == 2 and out == "" and err.count("\n") == 1 and "Traceback" not in err, err
    assert all(n in err for n in names), err
    assert not list(tmp_path.glob("runs/*")), "work was done before the mistake was found"


def test_runs_folder_that_cannot_be_written_is_said(tmp_path):
    p = spt("compare", "--task", "dyck", "--mixers", "dlr", "--scale", "smoke", "--runs", "/dev/full/runs", cwd=tmp_path)
    out, err = p.communicate()
    assert p.returncode == 2 and "/dev/full/runs" in err and err.count("\n") == 1
