"""Ctrl-C and kill -9 of a comparison with workers: nothing finished is lost, nobody is left behind, the table is the same."""
import os
import signal
import sys
import time
import uuid

import pytest
from helpers import alive, spt

pytestmark = pytest.mark.slow

ARGS = ("compare", "--task", "copy_match", "--seeds", "2", "--scale", "smoke", "--workers", "2", "--lrs", "1e-3",
        "--finetune-steps", "60", "--pretrain-steps", "60", "--valid-every", "20")
CSV = ("table.csv", "rows.csv", "differences.csv", "curves.csv")


def finished(runs):
    return {p.parent.name: p.stat().st_mtime_ns for p in runs.glob("*/manifest.json") if "." not in p.parent.name}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    p = spt(*ARGS, "--runs", runs, "--out", runs / "out")
    out, err = p.communicate()
    assert p.returncode == 0, err
    return {name: (runs / "out" / name).read_bytes() for name in CSV}


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_stopped_comparison_goes_on(tmp_path, undisturbed, sig):
    if sig == signal.SIGKILL and not sys.platform.startswith("linux"):
        pytest.skip("looks for left-over processes in /proc")
    mark = f"SPT_TEST={uuid.uuid4()}"
    env = os.environ | dict([mark.split("=")])
    p = spt(*ARGS, "--runs", tmp_path, "--out", tmp_path / "out", env=env)
    while len(finished(tmp_path)) < 3 and p.poll() is None:
        time.sleep(.05)
    p.send_signal(sig)
    out, err = p.communicate()
    assert p.returncode == (130 if sig == signal.SIGINT else -9) and "Traceback" not in err
    end = time.time() + 20
    while alive(mark) and time.time() < end:
        time.sleep(.2)
    assert not alive(mark), "a worker outlived its parent"
    before = finished(tmp_path)
    p = spt(*ARGS, "--runs", tmp_path, "--out", tmp_path / "out")
    out, err = p.communicate()
    assert p.returncode == 0, err
    assert {k: finished(tmp_path)[k] for k in before} == before, "a finished stage was computed again"
    assert {name: (tmp_path / "out" / name).read_bytes() for name in CSV} == undisturbed
