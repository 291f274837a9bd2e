"""The wheel, built from the source distribution and installed alone, does the main jobs in an empty folder."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "A folder with nothing but the installed wheel; the wheel is made from the sdist alone."
    build, site = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("site")
    sdist = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
    made = subprocess.run([sys.executable, "-c", sdist, str(build)], check=True, cwd=ROOT, capture_output=True, text=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", str(build / made.stdout.split()[-1]), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(build)],
                   check=True, cwd=build)
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(next(build.glob("*.whl")))], check=True)
    return site


@pytest.fixture
def spt(site, tmp_path):
    "`spt` of the wheel in an empty folder: what ran, and where."
    env = {k: v for k, v in os.environ.items() if k not in ("SPT_RUNS", "SPT_DATA")} | dict(PYTHONPATH=str(site))

    def run(*args):
        p = subprocess.run([sys.executable, "-m", "spt_nb", *args], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert p.returncode == 0, p.stderr
        return p.stdout
    return run


def test_wheel_runs_quickstart(spt, tmp_path):
    spt("quickstart", "--scale", "smoke", "--seeds", "2")
    assert {"table.csv", "comparison.png", "config.json"} <= {f.name for f in (tmp_path / "runs" / "quickstart").iterdir()}


def test_wheel_plans_with_the_papers_numbers(spt):
    assert "75k" in spt("compare", "--mixers", "s4", "--scale", "paper", "--speed", "h200", "--dry-run")


def test_wheel_lists_plans_and_judges_experiments(spt, site, tmp_path):
    "The notebooks and the published rows come along; what runs is left in the current folder only."
    before = sorted(site.rglob("*[!c]"))
    assert "01 transformer" in spt("experiment")
    assert "pretrain" in spt("experiment", "transformer", "--scale", "smoke", "--dry-run")
    assert "held" in spt("experiment", "transformer", "--published")
    assert (tmp_path / "runs/experiments/mini/report.html").exists() and not (tmp_path / "figures").exists()
    assert [f for f in sorted(site.rglob("*[!c]")) if f not in before and "__pycache__" not in f.parts] == []


def test_wheel_tells_what_it_is(site):
    "Types, the licence, classifiers, and links that work outside the repository."
    metadata = next(site.glob("*.dist-info/METADATA")).read_text()
    assert (site / "spt_nb/py.typed").exists() and "Classifier: Typing :: Typed" in metadata
    assert "Project-URL: Source, https://" in metadata and "MIT" in metadata
    assert "](figures/" not in metadata and "](nbs/" not in metadata
