"""Watching: what is shown fits and is right, in a real terminal too, and whatever happens to the watcher the run goes on."""
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

import papermill
import pytest

from spt_nb.runs import progress, watch
from spt_nb.config import Config
from spt_nb.core import write_json
from spt_nb.runs.store import Store
from spt_nb.runs.launch import run_stages

# Run as a program: six tiny stages, one of which fails, computed in the store given as the first argument.
RUN = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from spt_nb.config import Config
from spt_nb.core import SptError, write_json
from spt_nb.runs.store import Store
from spt_nb.runs.launch import run_stages
class Count(Config):
    number: int; steps: int = 20; needs: tuple = ()
    @property
    def title(self): return f"count to a number that has a long name, {self.number}"
    def obtain(self, store, wait=True):
        def compute(folder):
            for step in range(1, 21):
                time.sleep(float(sys.argv[2]))
                scores = [[s, s*self.number] for s in range(0, step, 4)]
                write_json(folder/"progress.json", dict(step=step, steps=20, best=.5, seconds=step*.1, loss=None, scores=scores), sync=False)
            if self.number == 3: raise SptError("number is 3; allowed: others")
            write_json(folder/"metrics.json", dict(step=20, diverged=dict(step=7, tensor="loss") if self.number == 2 else None))
        return store.obtain(self, compute, wait)
run_stages([Count(number=n) for n in range(6)], Store(sys.argv[1]), workers=1)
print("the run is over")
"""


class Toy(Config):
    what: str = "toy"
    seed: int = 0
    steps: int = 300
    needs: tuple = ()

    @property
    def title(self):
        return f"{self.what}, seed {self.seed}"


def row(state, title="attention from scratch, 300 steps, lr 0.001, seed 0", **more):
    plain = dict(hash="0", title=title, steps=300, kind="", needs=[], state=state, step=300 * (state == "done"), seconds=None, best=None, why="",
                 curve=[], worked=None)
    return plain | more


ROWS = [row("done", best=.9), row("diverged", why="step 7: gradient of a.b.c"), row("failed", why="data of task 'text' is missing; " * 9),
        row("running", "注意力网络 🙂\x1b[2J\n\t<b>", step=120, seconds=2e-3, worked=120, best=-1.25e-7, curve=[.1, .5, .3] * 20),
        row("running", step=7, seconds=1e6, worked=7, best=.5, curve=[1.]), row("stopped", step=400, curve=[5, 5, 5]), row("waiting"),
        row("waiting", why="needs it, which failed"), *[row("waiting", f"later {i}") for i in range(60)]]


def emulate(text, columns, lines):
    "What a terminal shows, scrolled-off lines included: it knows newline, return, wrapping, cursor up, and clearing below."
    screen, x, y = [""], 0, 0
    for token in re.findall(r"\x1b\[\d*[A-Za-z]|.", text, re.S):
        if m := re.fullmatch(r"\x1b\[(\d*)([A-Z])", token):
            if m[2] == "A":
                y = max(y - int(m[1] or 1), len(screen) - lines, 0)
            else:
                assert m[2] == "J", token
                screen[y:] = [screen[y][:x]]
        elif token == "\r":
            x = 0
        elif token == "\n" or x == columns:
            x, y = (0, y + 1)
            screen += [""] * (y + 1 - len(screen))
        if token.isprintable():
            screen[y] = screen[y][:x].ljust(x) + token + screen[y][x + 1:]
            x += 1
    return screen


def in_terminal(code, *args, columns=100, lines=30, hit=None, **env):
    "Run a program in a terminal, with Ctrl-C once `hit` was written; its status, and what it wrote."
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    env = os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | env
    p = subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    written, again = b"", float("inf")
    while True:
        try:
            piece = os.read(ours, 65536) if select.select([ours], [], [], 1)[0] else b""
        except OSError:  # the other end is closed
            break
        written += piece
        if hit and re.search(hit.encode(), written):
            p.send_signal(signal.SIGINT)
            hit, again = None, time.monotonic() + 20
        if time.monotonic() > again:  # a signal can fall into a moment when Python drops it
            p.send_signal(signal.SIGINT)
            again = time.monotonic() + 20
    os.close(ours)
    return p.wait(), written.decode()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def fill(store, n):
    "A plan of n stages: half done, a fifth stopped, the rest waiting."
    stages = [Toy(seed=i) for i in range(n)]
    for s in stages[:n // 2]:
        store.path(s.hash).mkdir()
        (store.path(s.hash) / "metrics.json").write_text(json.dumps(dict(step=300, diverged=None, valid=dict(score=.5))))
        (store.path(s.hash) / "timing.json").write_text(json.dumps(dict(seconds=30.)))
        (store.path(s.hash) / "history.json").write_text(json.dumps([dict(step=i, score=.5, loss=.1) for i in range(30)]))
    for s in stages[n // 2:n * 7 // 10]:
        store.partial(s.hash).mkdir()
        (store.partial(s.hash) / "progress.json").write_text(json.dumps(dict(step=3, steps=300, seconds=1., scores=[[1, .5]])))
    return stages


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii", "cp1252"])
def test_block_fits_any_terminal(encoding):
    for width in (*range(1, 60), 80, 133, 199):
        for height in (1, 2, 3, 10, 100):
            lines = watch.block(ROWS, width, height, encoding)
            assert len(lines) <= max(1, height - 1)
            for line in lines:
                assert watch.columns(line) < max(2, width) and line.isprintable()
                line.encode(encoding)


def test_block_shows_every_state():
    lines = watch.block(ROWS, 120, 40)
    assert all(re.search(rf"\d+ (?:of \d+ stages )?{s}", lines[0]) for s in watch.STATES)
    shown = [line.split()[0] for line in lines[1:]]
    assert shown == ["running"] * 2 + ["failed", "stopped", "diverged"] + ["waiting"] * 3
    assert "step 7: gradient of a.b.c" in lines[5] and "60,000/s" in lines[1] and "100%" in lines[4]


def test_title_keeps_both_ends():
    lines = watch.block(ROWS, 60)
    assert re.search("attention.*….*seed 0", lines[2])


def test_curves_of_any_numbers():
    assert watch.spark([]) == "" and watch.spark([1, 1]) == "▁▁" and watch.spark([0, 1]) == "▁█"
    assert len(watch.spark(list(range(1000)))) == 8 and watch.spark([1e99, -1e99], fancy=False) == "#_"
    assert progress._scores([[1, .5], [2, None], [3, float("nan")], [4, float("inf")], "x", [5], [6, "x"], [7, .25]]) == [.5, .25]
    assert progress._scores(None) == [] and progress._scores({"a": 1}) == []


def test_time_left():
    one = row("running", "a, seed 0", step=100, seconds=10., worked=100)
    assert progress.time_left([one]) == (20, True)
    assert progress.time_left([one, row("waiting", "a, seed 1")]) == (50, True)
    assert progress.time_left([one, one, row("waiting", "a, seed 12")]) == (50, True), "two workers, of which one has nothing to do in the end"
    assert progress.time_left([one, row("waiting", "b, seed 0")]) == (50, False), "a guess"
    assert progress.time_left([one, row("waiting", "a, seed 1", why="needs it, which failed")]) == (20, True)
    long = row("running", "b, seed 0", step=1, seconds=1., worked=1)
    assert progress.time_left([one, long]) == (299, True), "the longest of those running"
    assert progress.time_left([row("running")]) is None and progress.time_left([row("waiting")]) is None and progress.time_left([]) is None
    again = row("running", "a, seed 0", step=100, seconds=10., worked=None)
    assert progress.time_left([again]) is None, "seconds before it started over are not those of these steps"


def test_headline_of_stages_without_steps():
    assert watch.headline([row("waiting", steps=0)]) == "0 of 1 stages done, 1 waiting"
    assert watch.headline([]) == "0 of 0 stages done"


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '{"step": null, "best": "x", "scores": 3, "seconds": [], "loss": {}}', '{"step": NaN}',
                                  '{"state": "done"}', '"\\ud800"', "\xff", '{"scores": [[1, 2, 3], [1], null]}', '{"best": 1e400}'])
def test_notes_that_are_broken_are_survived(store, text):
    stages = [Toy(seed=i) for i in range(4)]
    for s, name in zip(stages, ("progress.json", "failed.json")):
        store.partial(s.hash).mkdir()
        (store.partial(s.hash) / name).write_text(text, encoding="latin-1")
    store.path(stages[2].hash).mkdir()
    for name in ("metrics.json", "timing.json", "history.json"):
        (store.path(stages[2].hash) / name).write_text(text, encoding="latin-1")
    watch.note_plan(stages, store)
    (store.folder / ".plans/other.json").write_text(text, encoding="latin-1")
    assert [r["state"] for r in progress.overview(stages, store)[2:]] == ["done", "waiting"]
    assert "1 of 4 stages done" in watch.report(store)
    rows = progress.overview(stages, store)
    watch.block(rows)


def test_files_that_come_and_go_are_survived(store):
    "A stage that is begun, resumed and finished again and again, looked at all the time."
    stages, over = [Toy(seed=i) for i in range(3)], threading.Event()

    def churn():
        while not over.is_set():
            for s in stages:
                store.partial(s.hash).mkdir()
                write_json(store.partial(s.hash) / "progress.json", dict(step=1), sync=False)
                os.replace(store.partial(s.hash), store.path(s.hash))
                (store.path(s.hash) / "progress.json").unlink()
                store.path(s.hash).rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    watch.note_plan(stages, store)
    try:
        for _ in range(300):
            assert {r["state"] for r in progress.overview(stages, store)} <= {"done", "stopped", "waiting"}
            watch.report(store)
    finally:
        over.set()
        thread.join()


def test_plan_notes(store):
    a, b = Toy(seed=1), Toy(seed=2)
    first = watch.note_plan([a, b], store, "17")
    assert first == watch.note_plan([b, a], store, "18"), "one note for one plan"
    note = json.loads(first.read_text())
    assert note["run_id"] == "18" and abs(note["started"] - time.time()) < 60
    assert note["stages"][1] == dict(hash=a.hash, title="toy, seed 1", steps=300, kind="", needs=[], about="")
    for i in range(30):
        watch.note_plan([Toy(seed=100 + i)], store)
    notes = progress.noted_plans(store)
    assert len(notes) == 20 == len(list((store.folder / ".plans").iterdir()))
    assert notes[0]["stages"][0]["title"] == "toy, seed 129" and not first.exists()


def test_a_plan_says_what_it_is_about(store, monkeypatch):
    monkeypatch.setattr(Toy, "about", property(lambda s: ("digits", "notes.csv")[s.seed % 2]), raising=False)
    watch.note_plan([Toy(seed=i) for i in range(4)], store)
    assert re.search(r"plan of \S+ \S+ on digits, notes.csv: ", watch.report(store))


def test_report_counts_each_stage_once(store, tmp_path):
    stages = fill(store, 20)
    watch.note_plan(stages, store)
    watch.note_plan(stages[10:], store)
    store.path(Toy(seed=99).hash).mkdir()
    store.path("0123456789abcdef.broken-1").mkdir()
    (store.folder / "quickstart").mkdir()
    store.partial("fedcba9876543210").mkdir()
    write_json(store.partial("fedcba9876543210") / "config.json", dict(kind="pretrain"))
    write_json(store.partial("fedcba9876543210") / "failed.json", dict(why="the disk is full", run_id="1"))
    (store.partial("fedcba9876543210") / "log.txt").write_text("")
    lines = watch.report(store).splitlines()
    assert lines[0] == f"11 stages finished in {tmp_path / 'runs'}"
    plans = [line for line in lines if line.startswith("plan of")]
    assert len(plans) == 1 and "0 of 10 stages done, 4 stopped, 6 waiting" in plans[0]
    assert f"  failed   fedcba98 pretrain fedcba9876543210  the disk is full (see {store.partial('fedcba9876543210') / 'log.txt'})" in lines
    assert lines[-1] == "  0123456789abcdef.broken-1"
    watch.report(store, "ascii").encode("ascii")


def test_thousand_stages_are_looked_at_quickly(store, measured):
    lines, known = [watch.plan_line(s) for s in fill(store, 1000)], {}
    spent = []
    for _ in range(4):
        at = time.perf_counter()
        rows = watch.look(lines, store, known)
        spent.append(time.perf_counter() - at)
    at = time.perf_counter()
    watch.block(rows)
    drawn = time.perf_counter() - at
    measured("look_at_1000_stages", first_ms=round(1e3 * spent[0]), next_ms=round(1e3 * min(spent[1:])), drawing_ms=round(1e3 * drawn))
    assert spent[0] < 3 and min(spent[1:]) < .5 and drawn < .5
    assert watch.pause_after(.001) == .5 and watch.pause_after(.1) == 2 and watch.pause_after(60) == 30


def test_run_in_a_terminal(tmp_path):
    status, written = in_terminal(RUN, tmp_path, .05)
    assert status == 0
    frames = written.split("\x1b[J")
    assert len(frames) > 8, "drawn every half second"
    middle = emulate(written[:written.rindex("\x1b[J")], 100, 30)
    assert sum("stages done" in line for line in middle) <= 1, "drawn in place"
    assert re.search(r"running  count to a number that has a long name, 2 +█+░* +\d+% +10.0/s best 0.5 +[▁▂▃▄▅▆▇█]+", written)
    assert re.search(r"1 of 6 stages done, 1 running, 4 waiting, \d+% of steps, \d:\d\d left", written)
    end = [line for line in emulate(written, 100, 30) if line]
    assert len(end) == 2 and re.fullmatch(r"5 of 6 stages done, 1 failed, 1 diverged, 0:\d\d", end[0]) and end[1] == "the run is over"


@pytest.mark.parametrize("columns, lines, encoding", [(30, 5, "utf-8"), (0, 0, "latin-1")])
def test_run_in_a_strange_terminal(tmp_path, columns, lines, encoding):
    status, written = in_terminal(RUN, tmp_path, .01, columns=columns, lines=lines, PYTHONIOENCODING=encoding)
    shown = [line for line in emulate(written, columns or 80, lines or 24) if line]
    assert status == 0 and shown[1:] == ["the run is over"] and shown[0].startswith("5 of 6 ")
    for line in re.split(r"[\r\n]|\x1b\[\d*[AJ]", written.replace("the run is over", "")):
        assert len(line) < (columns or 80)


def test_ctrl_c_in_a_terminal_leaves_a_line(tmp_path):
    status, written = in_terminal(RUN, tmp_path, .05, hit="1 of 6 stages done")
    assert status != 0
    assert re.fullmatch(r"1 of 6 stages done, 1 stopped, 4 waiting, 0:\d\d", emulate(written, 100, 60)[0])


def test_without_cursor_movement_there_are_plain_lines(tmp_path):
    status, written = in_terminal(RUN, tmp_path, .001, TERM="dumb")
    assert status == 0 and "\x1b" not in written and re.match(r"5 of 6 stages done, 1 failed, 1 diverged, 0:\d\d\r\n", written)


def test_follow_in_a_terminal(tmp_path):
    run = subprocess.Popen([sys.executable, "-c", RUN, tmp_path, ".05"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob(".plans/*.json")):
        time.sleep(.05)
    code = "import sys; from spt_nb.runs.store import Store; from spt_nb.runs.watch import follow; follow(Store(sys.argv[1])); print('back')"
    status, written = in_terminal(code, tmp_path)
    assert run.wait() == 0 and status == 0
    shown = [line for line in emulate(written, 100, 30) if line]
    assert shown[0].startswith("5 stages finished") and "5 of 6 stages done, 1 failed, 1 diverged" in shown[1] and shown[-1] == "back"
    assert re.search(r"running  [0-9a-f]{8} count to", written) and "number is 3; allowed: others (see" in written


def test_follow_ends_at_ctrl_c(store):
    watch.note_plan(fill(store, 10), store)
    code = "import sys; from spt_nb.runs.store import Store; from spt_nb.runs.watch import follow; follow(Store(sys.argv[1])); print('back')"
    status, written = in_terminal(code, store.folder, hit="2 stopped")
    assert status == 0 and written.endswith("back\r\n") and "Traceback" not in written


class Small(Toy):
    def obtain(self, store, wait=True):
        return store.obtain(self, lambda folder: write_json(folder / "metrics.json", {}), wait)


@pytest.mark.parametrize("broken", ["note_plan", "choose_view", "look", "counts"])
def test_a_watcher_that_fails_does_not_end_the_run(store, monkeypatch, capsys, broken):
    def fail(*args, **kw):
        raise RuntimeError("no")
    monkeypatch.setattr(watch, broken, fail)
    assert run_stages([Small(seed=1)], store, workers=1) == {}
    assert store.ready(Small(seed=1).hash)
    assert "watching failed (RuntimeError: no); the run goes on" in capsys.readouterr().err


def test_a_closed_standard_error_does_not_end_the_run(store, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    assert run_stages([Small(seed=1)], store, workers=1) == {} and store.ready(Small(seed=1).hash)


def test_quiet_is_quiet_and_leaves_a_note(store, capsys):
    run_stages([Small(seed=1)], store, workers=1, quiet=True)
    assert capsys.readouterr() == ("", "") and len(progress.noted_plans(store)) == 1


def test_watchers_do_not_get_in_the_way(store):
    "Workers take every stage while several look as fast as they can; each stage is computed once, and none is missed."
    stages, over, computed = [Toy(seed=i) for i in range(100)], threading.Event(), []
    for s in stages:
        store.partial(s.hash).mkdir()
    watch.note_plan(stages, store)

    def look():
        while not over.is_set():
            watch.report(store)

    class Counted:
        needs = ()

        def __init__(self, s):
            self.s, self.hash, self.title, self.steps = s, s.hash, s.title, s.steps

        def obtain(self, store, wait=True):
            def compute(folder):
                computed.append(self.hash)
                write_json(folder / "metrics.json", {}, sync=False)
            return store.obtain(self.s, compute, wait)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for t in lookers:
        t.start()
    try:
        assert run_stages([Counted(s) for s in stages], store, workers=1, quiet=True) == {}
    finally:
        over.set()
        for t in lookers:
            t.join()
    assert sorted(computed) == sorted(s.hash for s in stages)


def test_a_notebook_keeps_only_how_it_ended(tmp_path):
    nb = dict(nbformat=4, nbformat_minor=5, metadata=dict(kernelspec=dict(name="python3", display_name="python3", language="python")), cells=[
        dict(cell_type="code", id="a", metadata={}, outputs=[], execution_count=None,
             source=RUN.replace("sys.argv[1]", repr(str(tmp_path / "runs"))).replace("sys.argv[2]", ".02").replace("signal.signal", "# "))])
    (tmp_path / "run.ipynb").write_text(json.dumps(nb))
    out = papermill.execute_notebook(tmp_path / "run.ipynb", tmp_path / "out.ipynb", progress_bar=False)
    shown = [o for o in out.cells[-1].outputs if o.output_type == "display_data"]
    assert [dict(o.data) for o in shown] == [{"text/plain": "5 of 6 stages done, 1 failed, 1 diverged"}]
    assert len(out.cells[-1].outputs) == 2, "the view, and what the run printed"
