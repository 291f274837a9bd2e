"""The disk fills, turns read-only or loses permission at each write in turn: one line of error, the old checkpoint still loads, a rerun completes."""
import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools import at_write, child, compute, ended, finished, in_store, planned, results

from spt_nb import cli
from spt_nb.runs.torchrun import load_checkpoint
from spt_nb.runs.store import Store, intact, state
from spt_nb.training.trainer import Trainer

pytestmark = pytest.mark.slow

ERRNOS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "no permission": errno.EACCES}
ARGS = ("compare --task copy_match --mixers dlr --inits masked --seeds 1 --scale smoke --workers 1 --lrs 1e-3 --pretrain-steps 8 --finetune-steps 8 "
        "--valid-every 2 --n-train 32 --n-valid 16 --n-test 16").split()


def broken_disk(runs, code, at):
    "From the `at`-th write below `runs` on, every write fails."
    def fail(n, path):
        if n >= at:
            raise OSError(code, os.strerror(code), path)
    at_write(runs, fail)


def run(runs, out, code=None, at=None, largest=None) -> tuple[int, list]:
    "The command in a child whose disk breaks, or takes no file beyond `largest` bytes; exit status, and what it said on stderr."
    read, write = os.pipe()

    def main():
        os.dup2(write, 2)
        Trainer.show, Trainer.checkpoint_seconds = lambda self: None, 1e9  # what depends on the clock would make the n-th write another one each time
        if code:
            broken_disk(runs, code, at)
        if largest:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        return cli.main([*ARGS, "--runs", str(runs), "--out", str(out)])
    pid = child(main)
    os.close(write)
    with open(read) as f:
        errors = f.read()
    status = ended(pid)
    said = [line for line in errors.splitlines() if line.strip() and "step" not in line and "stages" not in line]  # not the progress line
    return status, said


@pytest.mark.parametrize("what", ERRNOS)
def test_disk(tmp_path, size, measured, what):
    runs = tmp_path / "runs"
    assert run(runs, tmp_path / "out") == (0, [])
    expected, tables = results(runs), {p.name: p.read_bytes() for p in (tmp_path / "out").glob("*.csv") if p.name != "seconds.csv"}
    tried = loaded = 0
    at = size(1 + 22 * list(ERRNOS).index(what), 1)  # in CI the three hit different writes
    while True:
        runs = tmp_path / f"at{at}"
        status, said = run(runs, tmp_path / f"out{at}", ERRNOS[what], at)
        if status == 0:
            break
        assert len(said) == 1 and "Traceback" not in said[0] and status == (2 if at == 1 else 1), (at, status, said)  # 1: `runs` cannot be made
        before = finished(runs)
        for partial in runs.glob("*.partial"):
            if list(partial.glob("checkpoint-*")):
                assert load_checkpoint(partial) is not None
                loaded += 1
        assert run(runs, tmp_path / f"out{at}") == (0, [])
        assert {k: finished(runs)[k] for k in before} == before, "a finished stage was computed again"
        assert results(runs) == expected
        assert {n: (tmp_path / f"out{at}" / n).read_bytes() for n in tables} == tables
        tried += 1
        at += size(67, 1)
    measured(f"disk_{what.replace(' ', '_')}", broken_at=tried, checkpoints_loaded=loaded, reruns_equal=tried)
    assert tried >= 3


@pytest.mark.parametrize("largest", [1, 300, 2000, 10_000])
def test_write_that_fails_half_way(tmp_path, largest):
    "Opening succeeds, and the bytes do not all fit: nothing half-written is taken for a result."
    runs = tmp_path / "runs"
    status, said = run(runs, tmp_path / "out", largest=largest)
    assert status == 1 and len(said) == 1 and "Traceback" not in said[0], said
    for key in finished(runs):
        assert intact(runs / key) is None
    assert run(runs, tmp_path / "out") == (0, [])
    assert run(tmp_path / "whole", tmp_path / "whole.out") == (0, [])
    assert results(runs) == results(tmp_path / "whole")


@contextmanager
def file_system(folder, size):
    "A file system of that size in the folder."
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_read_only_store(tmp_path, capfd, caplog):
    "What is finished can be read where nothing can be written; a damaged stage is named, and not read."
    with file_system(tmp_path / "small", "10m") as small:
        c = planned(small / "runs", mixers=["dlr"], inits=["scratch"], pretrain_steps=4, finetune_steps=4, valid_every=2)
        assert not compute(c)
        table, (spoiled, _) = c.table(), c.trials.values()
        shutil.rmtree(small / "runs/.locks")
        (c.store.partial("0123456789abcdef")).mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert in_store(c, small / "runs").table().equals(table)
        assert state(Store(small / "runs"), "0123456789abcdef")["state"] == "stopped"
        assert capfd.readouterr().err == ""
        subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
        (c.store.path(spoiled.hash) / "metrics.json").write_text("{}")
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert not Store(small / "runs").ready(spoiled.hash)
        err = caplog.text
        assert err.count("\n") == 1 and spoiled.hash in err and "Read-only file system" in err, err


def test_disk_that_is_really_full(tmp_path):
    "A file system of 300 KB."
    with file_system(tmp_path / "small", "300k") as small:
        (small / "ballast").write_bytes(bytes(180_000))
        status, said = run(small / "runs", tmp_path / "out")
        assert status == 1 and len(said) == 1 and "No space left on device" in said[0], said
        (small / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=30m", str(small)], check=True)
        assert run(small / "runs", tmp_path / "out") == (0, [])


def test_workers_stop_when_the_disk_is_full(tmp_path):
    "The same from worker processes: one line, no traceback."
    with file_system(tmp_path / "small", "60k") as small:
        code = "import sys; from spt_nb.cli import main; sys.exit(main())"
        args = [a if a != "1" or ARGS[i - 1] != "--workers" else "2" for i, a in enumerate(ARGS)]
        p = subprocess.run([sys.executable, "-c", code, *args, "--runs", str(small / "runs"), "--out", str(tmp_path / "out")],
                           capture_output=True, text=True, cwd=Path(__file__).parents[2])
        said = [line for line in p.stderr.splitlines() if line.strip() and "step" not in line and "stages" not in line]
        assert p.returncode == 1 and len(said) == 1 and "No space left on device" in said[0], (p.returncode, p.stderr)
