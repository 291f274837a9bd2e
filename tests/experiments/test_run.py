"""Experiments from the command line: one that fails stops no other, a wrong name no work begins with, and a killed run ends in the same report."""
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial

import nbformat
import papermill
import pytest
from helpers import alive, spt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

pytestmark = pytest.mark.slow

CLAIMS = """
import os
from pathlib import Path
folder = Path(os.environ["SPT_RUNS"])/"experiments"/scale/"{name}"
folder.mkdir(parents=True, exist_ok=True)
(folder/"claims.csv").write_text("claim,effect,low,high,n,margin,paper,verdict\\nnine is more than four,0.05,0.04,0.06,3,,,held\\n")
"""

CLAIM = 'data-name="claim">nine is more'

STAGES = """
from spt_nb.protocol import compare
c = compare("copy_match", ["dlr"], seeds=seeds, scale=scale, workers=workers, pretrain_steps=60, finetune_steps=60, valid_every=20)
c.table()[["init", "mean"]]
"""


def write(folder, number, name, *code, parameters="scale = 'mini'\nseeds = 2\nworkers = 1"):
    "A notebook of an experiment."
    path = folder / f"nbs/experiments/{number:02}_{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_markdown_cell(f"# The {name} page\n\n> The claim of {name}."), new_code_cell(parameters, metadata=dict(tags=["parameters"]))]
    kernel = dict(kernelspec=dict(name="python3", display_name="python3", language="python"))
    nbformat.write(new_notebook(cells=cells + list(map(new_code_cell, code)), metadata=kernel), path)
    return path


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    "A folder that is taken for a checkout, with nothing done."
    (tmp_path / "settings.ini").write_text("lib_name = spt_nb\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def run(call):
    "The status, output and errors of `spt experiment`."
    return partial(call, "experiment")


def section(html, stem):
    return html.partition(f'<section id="{stem}">')[2].partition("</section>")[0]


def test_one_that_fails_does_not_stop_the_others(checkout, run):
    "Nor one whose data is missing, nor one whose kernel dies; each is named with its reason, on the screen and in the report."
    write(checkout, 0, "good", "seeds**2", CLAIMS.format(name="good"))
    write(checkout, 1, "broken", "print('so far')", "{}['key']", "print('never')")
    write(checkout, 2, "empty", "from spt_nb.core import SptError", "raise SptError('data of text is missing; allowed: put it into data/')")
    write(checkout, 3, "dead", "import os; os._exit(3)")
    write(checkout, 4, "unsure", "assert seeds == 4")
    write(checkout, 5, "last", f"html = open({str(checkout / 'runs/experiments/smoke/report.html')!r}).read()",
          f"print('seen' if '{CLAIM}' in html and 'KeyError' in html else 'not seen')")
    status, out, err = run("all", "--scale", "smoke", "--seeds", "3")
    folder = checkout / "runs/experiments/smoke"
    assert status == 1
    assert out.splitlines() == ["1 of 6 good: done; 1 held", "2 of 6 broken: failed", "3 of 6 empty: failed", "4 of 6 dead: failed", "5 of 6 unsure: failed",
                                "6 of 6 last: done", f"Executed notebooks: {folder}", f"Report: {folder / 'report.html'}"]
    reasons = ["broken: KeyError: 'key'", "empty: data of text is missing; allowed: put it into data/", "dead: DeadKernelError: Kernel died",
               "unsure: AssertionError: assert seeds == 4"]
    assert err.splitlines() == [f"failed: {r}" for r in reasons]
    html = (folder / "report.html").read_text()
    assert "<pre>9</pre>" in section(html, "00_good") and "+5.0 ± 1.0" in html and "2 of 6 experiments completed; claims: 1 held" in html
    assert "so far" in section(html, "01_broken") and "KeyError: &#39;key&#39;" in section(html, "01_broken") and "<pre>never" not in html
    assert all(f'<section id="{p.stem}">' in html and (folder / p.name).exists() for p in (checkout / "nbs/experiments").iterdir())
    assert "<pre>seen\n</pre>" in section(html, "05_last"), "the report is written after every notebook"
    assert str(checkout) not in html


def test_claims_of_another_run_are_not_those_of_this_one(checkout, run):
    write(checkout, 0, "good", "from spt_nb.core import SptError", "if seeds == 0: raise SptError('seeds is 0; allowed: more')", CLAIMS.format(name="good"))
    write(checkout, 1, "other", "1")
    report = checkout / "runs/experiments/smoke/report.html"
    assert run("good", "--scale", "smoke")[0] == 0 and CLAIM in report.read_text() and "Not run yet" in section(report.read_text(), "01_other")
    status, out, err = run("00", "--scale", "smoke", "--seeds", "0")
    assert status == 2 and err == "spt: seeds is 0; allowed: more\n"
    assert CLAIM not in report.read_text() and "seeds is 0" in section(report.read_text(), "00_good")


@pytest.mark.parametrize("args, names", [
    (["all", "--sead", "3"], ["parameter is 'sead'", "scale, seeds, workers"]),
    (["all", "--mixers", "dlr"], ["parameter is 'mixers'", "scale, seeds, workers"]),  # the second has it, the first does not
    (["all", "--scale", "huge"], ["scale is 'huge'", "smoke, mini, paper"]),
    (["all", "--workers", "0"], ["workers is 0"]),
    (["third"], ["experiment is 'third'", "all, first, second"]),
    (["second", "--overrides", "3"], ["overrides", "3"]),
])
def test_wrong_name_is_one_line_before_any_work(checkout, run, args, names):
    write(checkout, 0, "first", "1")
    write(checkout, 1, "second", "1", parameters="scale = 'mini'\nseeds = 2\nworkers = 1\nmixers = ['dlr']\noverrides = {}")
    status, out, err = run(*args)
    assert status == 2 and out == "" and err.count("\n") == 1 and all(n in err for n in names), err
    assert not (checkout / "runs").exists()


def test_alone_it_lists_them(checkout, run):
    write(checkout, 0, "first")
    write(checkout, 11, "second_one")
    assert run() == (0, "00 first       The claim of first.\n11 second_one  The claim of second_one.\n", "")
    (checkout / "elsewhere").mkdir()
    (checkout / "settings.ini").unlink()
    status, out, _ = run(cwd=checkout / "elsewhere")  # the pages that come with the library
    assert status == 0 and "transformer" in out and "second_one" not in out


def test_where_it_goes(checkout, run, monkeypatch):
    "A relative folder of work is the caller's, not the notebook's; another one for the report is kept."
    monkeypatch.setenv("SPT_RUNS", "somewhere")
    write(checkout, 0, "good", CLAIMS.format(name="good"))
    assert run("good", "--scale", "smoke", "--out", "mine")[1].startswith("1 of 1 good: done; 1 held")
    assert {p.name for p in (checkout / "mine").iterdir()} == {"00_good.ipynb", "report.html"}
    assert (checkout / "somewhere/experiments/smoke/good/claims.csv").exists()


def test_papermill_with_a_name_that_is_none(checkout):
    "Papermill itself only warns; a notebook that asks is told."
    path = write(checkout, 0, "strict", "from spt_nb.experiments.pages import same_parameters", "same_parameters()")
    papermill.execute_notebook(path, checkout / "out.ipynb", dict(seeds=7), progress_bar=False)
    with pytest.raises(papermill.PapermillExecutionError, match="parameter is 'sedes'; allowed: scale, seeds, workers"):
        papermill.execute_notebook(path, checkout / "out.ipynb", dict(sedes=7), progress_bar=False)


def gone(marker, seconds=60):
    "Wait until no process has the marker in its environment."
    end = time.time() + seconds
    while alive(marker) and time.time() < end:
        time.sleep(.1)
    return not alive(marker)


def test_ctrl_c_and_on(checkout, run, monkeypatch):
    monkeypatch.setenv("SPT_TEST_MARKER", str(checkout))
    write(checkout, 0, "quick", "6*7")
    write(checkout, 1, "slow", "import time, pathlib", f"pathlib.Path({str(checkout / 'begun')!r}).touch(); time.sleep(seeds)", CLAIMS.format(name="slow"))
    p = spt("experiment", "all", "--scale", "smoke", "--seeds", "60")
    while not (checkout / "begun").exists() and p.poll() is None:
        time.sleep(.05)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    err = re.sub(r"Assertion failed: .*signaler.*\n", "", err)  # a killed kernel's zmq may say this, and harms nobody
    assert p.returncode == 130 and err.strip() == "stopped; the same command continues from here", err
    assert "<pre>42</pre>" in (checkout / "runs/experiments/smoke/report.html").read_text()
    assert gone(str(checkout)), "a kernel outlived the command"
    assert run("all", "--scale", "smoke", "--seeds", "0")[0] == 0


def test_killed_it_ends_in_the_same_report(checkout, monkeypatch, size, measured):
    "SIGKILL at random moments, the same command again: the report of an undisturbed run, byte for byte."
    write(checkout, 0, "stages", STAGES, "c.plot()", "print(c.report())", CLAIMS.format(name="stages"))
    write(checkout, 1, "broken", "1/0")
    write(checkout, 2, "more", STAGES.replace("60", "40"), "c.table().style.hide()")
    command, rng, kills, reports = ("all", "--scale", "smoke", "--workers", "2"), random.Random(0), size(1, 40), {}
    for name in ("undisturbed", "killed"):
        monkeypatch.setenv("SPT_RUNS", str(checkout / name))
        start, hits = time.time(), 0
        while name == "killed" and hits < kills:
            p = spt("experiment", *command)
            with suppress(subprocess.TimeoutExpired):
                p.wait(rng.uniform(.1, 1) * taken)
            hits += p.poll() is None
            p.kill()
            p.communicate()
        p = spt("experiment", *command)
        p.communicate(timeout=600)
        assert p.returncode == 1
        taken = time.time() - start
        reports[name] = (checkout / name / "experiments/smoke/report.html").read_bytes()
    assert reports["killed"] == reports["undisturbed"] and len(reports["killed"]) > 50_000
    measured("report", kills=kills, bytes=len(reports["killed"]))
