"""A notebook, papermill and a call from Python give the same numbers, and a notebook whose kernel is killed anywhere ends the same."""
import pytest
import copy
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from spt_nb.protocol import compare

pytestmark = pytest.mark.slow

PATH = Path(__file__).parents[2] / "nbs/experiments/00_quickstart.ipynb"
SEEDS = 2
NOTEBOOK = nbformat.read(PATH, 4)
CODE = [i for i, c in enumerate(NOTEBOOK.cells) if c.cell_type == "code"]
COMPARE, PLOT, REHEARSE = (next(i for i in CODE if text in NOTEBOOK.cells[i].source) for text in ("c = study(plan[0]", "c.plot(", "rehearse(scale)"))


def saved(folder):
    "What a comparison left, as bytes, but for the time it took."
    found = {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".json") and p.name != "seconds.csv"}
    assert "table.csv" in found and "curves.csv" in found
    return found


def finished(folder):
    "The finished stages, and when they were finished."
    return {p.parent.name: p.stat().st_mtime_ns for p in (folder / "runs").glob("*/manifest.json") if "." not in p.parent.name}


def environment(folder):
    path = os.pathsep.join(filter(None, [str(PATH.parents[2]), os.environ.get("PYTHONPATH")]))
    return os.environ | dict(SPT_RUNS=str(folder / "runs"), SPT_DATA=str(folder / "data"), SPT_SCALE="smoke", PYTHONPATH=path)


def with_parameters(folder, workers=1):
    "The notebook with a second cell of parameters, as papermill adds one, and a cell at the end that saves the table."
    nb = copy.deepcopy(NOTEBOOK)
    at = next(i for i, c in enumerate(nb.cells) if "parameters" in c.metadata.get("tags", []))
    nb.cells[at].source += f"\nseeds, workers = {SEEDS}, {workers}"
    nb.cells.append(nbformat.v4.new_code_cell(f"c.save({str(folder / 'out')!r})"))
    return nb


def in_kernel(folder, last=None, stages=None, workers=1):
    "Run cells in a kernel of JupyterLab; kill it after the cell `last`, or in that cell when so many stages are finished."
    nb = with_parameters(folder, workers)
    client = NotebookClient(nb, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(PATH.parent)}})
    with client.setup_kernel(env=environment(folder)):
        pid = client.km.provisioner.pid
        try:
            for i, cell in enumerate(nb.cells):
                if i == last and stages is not None:
                    threading.Thread(target=kill_when, args=(pid, folder, stages), daemon=True).start()
                client.execute_cell(cell, i)
                if i == last:
                    os.kill(pid, signal.SIGKILL)
                    return
        except DeadKernelError:
            assert i == last and stages is not None, f"the kernel died in cell {i}"


def kill_when(pid, folder, stages):
    while len(finished(folder)) < stages:
        time.sleep(.01)
    os.kill(pid, signal.SIGKILL)


def by_papermill(folder):
    source, target = folder / "source.ipynb", folder / "target.ipynb"
    folder.mkdir()
    nbformat.write(with_parameters(folder), source)
    code = "import sys, papermill; papermill.execute_notebook(*sys.argv[1:3], dict(scale='smoke'), cwd=sys.argv[3], progress_bar=False)"
    subprocess.run([sys.executable, "-c", code, source, target, PATH.parent], env=environment(folder), check=True, capture_output=True)


def by_call(folder):
    c = compare("copy_match", ["attention", "dlr"], seeds=SEEDS, scale="smoke", workers=1, runs=folder / "runs", quiet=True)
    c.save(folder / "out")


def killed_and_rerun(folder, kills):
    "Kill one kernel after the other, then run everything."
    for kill in kills:
        in_kernel(folder, **kill)
    before = finished(folder)
    in_kernel(folder)
    assert {k: v for k, v in finished(folder).items() if k in before} == before, f"{kills}: a finished stage was computed again"
    assert not list((folder / "runs").glob("*.partial")), kills


def test_every_way_gives_the_same_bytes(tmp_path, size, measured):
    "In CI one notebook loses its kernel three times; the whole loses it after every cell, and within the long ones, with and without workers."
    within = [dict(last=COMPARE, stages=n, workers=w) for n in (1, 7, 14) for w in (1, 2)] + [dict(last=REHEARSE, stages=n) for n in (18, 19)]
    kills = size([[dict(last=COMPARE, stages=5), dict(last=PLOT), dict(last=REHEARSE)]], [[dict(last=i)] for i in CODE] + [[w] for w in within])
    ways = {f"killed {i}": partial(killed_and_rerun, kills=k) for i, k in enumerate(kills)} | dict(kernel=in_kernel, papermill=by_papermill)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(way, tmp_path / name) for name, way in ways.items()]
    by_call(tmp_path / "call")
    for way in done:
        way.result()
    called = saved(tmp_path / "call/out")
    differ = [name for name in ways if saved(tmp_path / name / "out") != called]
    measured("notebook", kernels_killed=sum(map(len, kills)), tables=len(ways) + 1, tables_that_differ=len(differ))
    assert not differ
