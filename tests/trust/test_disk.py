"""The disk fills, turns read-only or loses permission at each write in turn: one line of error, the old checkpoint still loads, a rerun completes."""
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools import child, ended, finished, results

from spt_nb import cli
from spt_nb.store import load_checkpoint
from spt_nb.trainer import Trainer

ERRNOS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "no permission": errno.EACCES}
ARGS = ("compare --task copy_match --mixers dlr --inits masked --seeds 1 --scale smoke --workers 1 --lrs 1e-3 --pretrain-steps 8 --finetune-steps 8 "
        "--valid-every 4 --n-train 32 --n-valid 16 --n-test 16").split()
WRITES = {"open", "os.rename", "os.mkdir", "os.remove", "os.chmod", "os.truncate", "tempfile.mkstemp"}


def is_write(event, args, folder) -> bool:
    "Does this event of the interpreter change something below the folder?"
    if event not in WRITES or not isinstance(args[0], (str, bytes, os.PathLike)) or not os.fsdecode(args[0]).startswith(folder):
        return False
    if event != "open":
        return True
    path, mode, flags = args
    return any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def broken_disk(runs, code, at):
    "From the `at`-th write below `runs` on, every write fails."
    count, folder = [0], str(runs)

    def hook(event, args):
        if is_write(event, args, folder):
            count[0] += 1
            if count[0] >= at:
                raise OSError(code, os.strerror(code), os.fsdecode(args[0]))
    sys.addaudithook(hook)


def run(runs, out, code=None, at=None) -> tuple[int, str]:
    "The command in a child whose disk breaks; exit status, and what it said on stderr."
    errors = out.with_suffix(".err")

    def main():
        fd = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(fd, 2)
        Trainer.show = lambda self, now: now  # notes of progress depend on the clock
        if code:
            broken_disk(runs, code, at)
        return cli.main([*ARGS, "--runs", str(runs), "--out", str(out)])
    status = ended(child(main))
    said = [line for line in errors.read_text().splitlines() if line.strip() and "step" not in line and "stages" not in line]  # not the progress line
    return status, said


@pytest.mark.parametrize("what", ERRNOS)
def test_disk(tmp_path, size, measured, what):
    runs = tmp_path / "runs"
    assert run(runs, tmp_path / "out") == (0, [])
    expected, tables = results(runs), {p.name: p.read_bytes() for p in (tmp_path / "out").glob("*.csv") if p.name != "seconds.csv"}
    tried = loaded = 0
    at = 1
    while True:
        runs = tmp_path / f"at{at}"
        status, said = run(runs, tmp_path / f"out{at}", ERRNOS[what], at)
        if status == 0:
            break
        assert len(said) == 1 and "Traceback" not in said[0] and status in (1, 2), (at, status, said)
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
        at += size(67, 1 if what == "full" else 7)
    measured(f"disk_{what.replace(' ', '_')}", writes=at, broken_at=tried, checkpoints_loaded=loaded, reruns_equal=tried)
    assert tried > 3


def test_disk_that_is_really_full(tmp_path):
    "A file system of 300 KB."
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        (small / "ballast").write_bytes(bytes(180_000))
        status, said = run(small / "runs", tmp_path / "out")
        assert status == 1 and len(said) == 1 and "No space left on device" in said[0], said
        (small / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=30m", str(small)], check=True)
        assert run(small / "runs", tmp_path / "out") == (0, [])
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_workers_stop_when_the_disk_is_full(tmp_path):
    "The same from worker processes: one line, no traceback."
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        code = "import sys; from spt_nb.cli import main; sys.exit(main())"
        args = [a if a != "1" or ARGS[i - 1] != "--workers" else "2" for i, a in enumerate(ARGS)]
        p = subprocess.run([sys.executable, "-c", code, *args, "--runs", str(small / "runs"), "--out", str(tmp_path / "out")],
                           capture_output=True, text=True, cwd=Path(__file__).parents[2])
        said = [line for line in p.stderr.splitlines() if line.strip() and "step" not in line and "stages" not in line]
        assert p.returncode == 1 and len(said) == 1 and "No space left on device" in said[0], (p.returncode, p.stderr)
    finally:
        subprocess.run(["umount", str(small)], check=True)
