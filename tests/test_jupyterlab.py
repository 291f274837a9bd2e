"""What a reader does: open a notebook in JupyterLab in a browser, run all cells, and see no error."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium is installed (apt-get install chromium)")
ROOT = Path(__file__).parent.parent


@contextmanager
def jupyterlab(folder: Path, env: dict):
    "The address of a server of JupyterLab over a folder."
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    flags = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--ServerApp.token=t", f"--ServerApp.root_dir={folder}",
             "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (folder / "server.log").open("w") as log:
        p = subprocess.Popen([sys.executable, "-m", "jupyterlab", *flags], env=env, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=t")
                break
            except OSError:
                assert p.poll() is None, (folder / "server.log").read_text()
                time.sleep(.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        p.terminate()
        p.wait()


def run_all(page, address: str, path: str, minutes=5) -> dict:
    "Open a notebook, run all its cells from the menu, save it, and read it."
    page.goto(f"{address}/lab/tree/{path}?token=t&reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=30_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    url, end = f"{address}/api/contents/{path}?token=t", time.time() + 60*minutes
    while time.time() < end:
        page.keyboard.press("Control+s")
        time.sleep(1)
        nb = json.loads(urllib.request.urlopen(url).read())["content"]
        code = [c for c in nb["cells"] if c["cell_type"] == "code" and "".join(c["source"]).strip()]
        if all(c["execution_count"] for c in code) or any(o["output_type"] == "error" for c in code for o in c["outputs"]):
            return nb
    raise AssertionError(f"{path}: not done within {minutes} minutes")


def pictures(nb) -> int:
    return sum("image/png" in o.get("data", {}) for c in nb["cells"] for o in c.get("outputs", []))


@pytest.mark.parametrize("path", ["nbs/000_tour.ipynb", "nbs/experiments/00_quickstart.ipynb"])
def test_notebook_runs_from_top_to_bottom(path, tmp_path):
    for name in ("nbs", "spt_nb", "settings.ini", "figures"):
        if (src := ROOT / name).is_dir():
            shutil.copytree(src, tmp_path / name)
        elif src.exists():
            shutil.copy(src, tmp_path / name)
    file = tmp_path / path
    nb = json.loads(file.read_text())
    committed = pictures(nb)
    for c in nb["cells"]:  # what is seen afterwards is of this run
        if c["cell_type"] == "code":
            c.update(outputs=[], execution_count=None)
    file.write_text(json.dumps(nb))
    env = os.environ | dict(SPT_SCALE="smoke", SPT_RUNS=str(tmp_path / "runs"), SPT_DATA=str(tmp_path / "data"), PYTHONPATH=str(tmp_path))
    with jupyterlab(tmp_path, env) as address, sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport=dict(width=1400, height=1000))
        ran = run_all(page, address, path)
        if folder := os.environ.get("SPT_SCREENSHOTS"):  # to look at them
            page.screenshot(path=Path(folder) / f"{file.stem}.png")
        browser.close()
    code = [c for c in ran["cells"] if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    errors = ["\n".join(o["traceback"]) for c in code for o in c["outputs"] if o["output_type"] == "error"]
    assert not errors, errors[0]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1)), "cells were left out, or run out of order"
    assert not [o for c in code for o in c["outputs"] if o.get("name") == "stderr"], "something was written to stderr"
    assert pictures(ran) == committed, "other pictures than in the committed notebook"
