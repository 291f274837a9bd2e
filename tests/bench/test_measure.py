"""The bench as a user meets it: a table that grows, and a file that has every line of it."""
import pytest
import csv
import signal

from helpers import spt

pytestmark = pytest.mark.slow


def test_interrupted_bench_keeps_its_lines(tmp_path):
    p = spt("bench", "--rows", "dlr", "--lengths", "64,128,256,512", "--seconds", "0", "--publish", tmp_path, cwd=tmp_path)
    while not p.stdout.readline().startswith("DLR"):
        assert p.poll() is None, p.stderr.read()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    assert p.returncode == 130 and "Traceback" not in err and str(tmp_path / "table.csv") in err, err
    with open(tmp_path / "table.csv") as f:
        rows = list(csv.DictReader(f))
    assert rows[0]["length"] == "64" and float(rows[0]["ours_s"]) > 0 and float(rows[0]["reference_mb"]) > 0
    assert len(rows) < 4, "it went on after Ctrl-C"
