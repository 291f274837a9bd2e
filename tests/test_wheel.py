"""The built wheel, installed alone in an empty folder, does the main job."""
import pytest
import os
import subprocess
import sys
from pathlib import Path

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def test_wheel_runs_quickstart(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = tmp_path / "build"
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(build)], check=True, cwd=tmp_path)
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(tmp_path / "site"), str(next(build.glob("*.whl")))], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {k: v for k, v in os.environ.items() if k not in ("SPT_RUNS", "SPT_DATA")} | dict(PYTHONPATH=str(tmp_path / "site"))
    code = "import sys, spt_nb; from spt_nb.cli import main; print(spt_nb.__file__); sys.exit(main())"
    p = subprocess.run([sys.executable, "-c", code, "quickstart", "--scale", "smoke", "--seeds", "2"], cwd=empty, env=env, capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    assert str(tmp_path / "site") in p.stdout.splitlines()[0], "ran another copy of the package"
    numbers = subprocess.run([sys.executable, "-c", "from spt_nb.protocol.recipes import recipe; print(recipe('listops', 's4', 'paper', 'masked')[0].pretrain.steps)"],
                             cwd=empty, env=env, capture_output=True, text=True)
    assert numbers.stdout.strip() == "75000", numbers.stderr
    assert {"table.csv", "comparison.png", "config.json"} <= {f.name for f in (empty / "runs" / "quickstart").iterdir()}
