"""Files of any name, content and place: a change is noticed, each file is read once, nothing is written beside it, and every message can be printed."""
import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from spt_nb.cli import main
from spt_nb.core import SptError
from spt_nb.protocol.specs import TaskSpec
from spt_nb.tasks import sources
from spt_nb.tasks.own.load import load

ROWS = [dict(text=f"row {i}", label=i % 2) for i in range(40)]
CSV = "text,label\n" + "".join(f"{r['text']},{r['label']}\n" for r in ROWS)
TURNED = "text,label\n" + "".join(f"{r['text']},{1 - r['label']}\n" for r in ROWS)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    (tmp_path/"data").mkdir()
    return tmp_path/"data"


def size(task): return len(task.train) + len(task.valid) + len(task.test)


def at_the_same_time(path, text):
    "Replace a file; its time stays."
    was = os.stat(path)
    path.write_text(text)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def picture(path, i):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(i).integers(0, 255, (3, 4), np.uint8)).save(path)


@pytest.mark.parametrize("most", [2**26, 10], ids=["hashed", "by its times"])
def test_a_change_at_equal_size_and_time_is_noticed(home, monkeypatch, most):
    monkeypatch.setattr(sources, "HASHED", most)
    (home/"a.csv").write_text(CSV)
    before, planned = load(home/"a.csv").fingerprint, TaskSpec(name="own", options=dict(data=str(home/"a.csv"))).load().fingerprint
    at_the_same_time(home/"a.csv", TURNED)
    after = load(home/"a.csv").fingerprint
    assert before == planned != after == TaskSpec(name="own", options=dict(data=str(home/"a.csv"))).load().fingerprint


def test_a_copy_or_a_touch_needs_no_second_reading(home):
    (home/"a.csv").write_text(CSV)
    load(home/"a.csv")
    made = {p: p.stat().st_ino for p in (home.parent/"cache").glob("own-*")}
    (home/"a.csv").touch()
    (home.parent/"moved").mkdir()
    (home.parent/"moved"/"a.csv").write_text(CSV)
    load(home/"a.csv"), load(home.parent/"moved"/"a.csv")
    assert {p: p.stat().st_ino for p in (home.parent/"cache").glob("own-*")} == made


NAMES = [b"-x.csv", b"a\nb.csv", b"a,b:c;d.csv", b"caf\xe9.csv", b" .csv", b"%s{x}'\".csv", b"x"*250 + b".csv", "日本.csv".encode(),
         b"caf\xe9.csv.gz", b"caf\xe9.jsonl", b"caf\xe9.parquet", b"123.csv"]


@pytest.mark.parametrize("name", NAMES, ids=lambda n: repr(n[:20]))
def test_files_of_any_name(home, name, capsysbinary, monkeypatch):
    path = home/os.fsdecode(name)
    if name.endswith(b"parquet"): pq.write_table(pa.Table.from_pylist(ROWS), out := pa.BufferOutputStream()), path.write_bytes(out.getvalue())
    elif name.endswith(b"jsonl"): path.write_text("\n".join(map(json.dumps, ROWS)))
    else: path.write_bytes(gzip.compress(CSV.encode()) if name.endswith(b"gz") else CSV.encode())
    task = load(path)
    assert size(task) == 40 and task.source.encode() and "\n" not in task.source
    assert [p.name for p in home.iterdir()] == [path.name], "something was left beside the data"
    monkeypatch.chdir(home)
    assert main(["data", "own", "--data", path.name]) == 0 == main(["data", f"--data={path.name}"])


def test_folders_of_any_name(home):
    for i in range(20): picture(home/os.fsdecode(b"im\xe9\ng")/os.fsdecode((b"cl\xe9", b"dog")[i % 2])/os.fsdecode(b"p\xff%d.png" % i), i)
    task = load(home/os.fsdecode(b"im\xe9\ng"))
    assert size(task) == 20 and task.classes == (r"cl\xe9", "dog") and task.source.encode()


LINKS = {
    "the folder above": lambda d: (d/"a/up").symlink_to(".."), "itself": lambda d: (d/"a/me").symlink_to("."),
    "each other": lambda d: ((d/"a/b").symlink_to("../b"), (d/"b/a").symlink_to("../a")),
    "far above": lambda d: (d/"a/root").symlink_to("/"), "a file again": lambda d: (d/"a/again.png").symlink_to("0.png"),
    "an entry again": lambda d: (d/"a/again.png").hardlink_to(d/"a/0.png"), "the whole again": lambda d: (d/"c").symlink_to("a")}


@pytest.mark.parametrize("link", LINKS)
def test_each_file_is_read_once(home, link):
    for i in range(20): picture(home/"photos"/"ab"[i % 2]/f"{i}.png", i)
    LINKS[link](home/"photos")
    (home/"elsewhere").symlink_to("photos")
    assert size(load(home/"photos")) == size(load(home/"elsewhere")) == 20
    assert load(home/"photos").classes == ("a", "b")


def test_a_folder_of_links_to_files_elsewhere(home):
    for i in range(20):
        picture(home/"all"/f"{i}.png", i)
        (d := home/"sorted"/"ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (d/f"{i}.png").symlink_to(f"../../all/{i}.png")
    assert size(load(home/"sorted")) == 20


BYTES = {"UTF-16": CSV.encode("utf-16"), "UTF-16 without": CSV.encode("utf-16-be"), "UTF-32": CSV.encode("utf-32"),
         "a ZIP or Excel": b"PK\3\4" + bytes(50), "gzip": gzip.compress(CSV.encode()), "binary": bytes(500), "Parquet": b"PAR1" + bytes(9),
         "a web page": b"<!DOCTYPE html>\n<p>404</p>\n", "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
         "old Mac": CSV.replace("\n", "\r").encode(), "not UTF-8": CSV.replace("row", "caf\xe9").encode("latin-1")}


@pytest.mark.parametrize("what", BYTES)
def test_a_table_that_is_something_else_is_named(home, what):
    (home/"d.csv").write_bytes(BYTES[what])
    with pytest.raises(SptError, match=f"d.csv.* {what}") as e: load(home/"d.csv")
    assert "UTF-8" in str(e.value)


def test_marks_and_line_ends_are_no_content(home):
    (home/"a.csv").write_bytes(CSV.encode())
    (home/"b.csv").write_bytes(CSV.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load(home/"a.csv").fingerprint == load(home/"b.csv").fingerprint


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_any_terminal(home, encoding):
    (home/os.fsdecode(b"caf\xe9.csv")).write_text(CSV.replace("row", "日 ±"))
    run = subprocess.run([sys.executable, "-m", "spt_nb", "data", "--data", os.fsdecode(b"caf\xe9.csv")], cwd=home, capture_output=True,
                         env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert run.returncode == 0 and b"40 rows" in run.stdout and b"Traceback" not in run.stderr, run.stderr


@pytest.mark.parametrize("argv, why", [
    (["--data", "a.csv", "--x", "txt"], "x is 'txt', which a.csv does not have; allowed: text, label (did you mean text?)"),
    (["--data", "a.cvs"], "which does not exist; allowed: a file or a folder (did you mean a.csv?)"),
    (["--data", "a.csv", "--lenght", "3"], "(did you mean length?)"),
    (["--data", "holes.csv"], "allowed: none (mend it, or say --drop-missing)"),
    (["--data", "two.csv"], "--x ..."),
    (["--data", "wide.csv"], "wide.csv has"),
])
def test_messages_at_the_command_line(home, argv, why, capsys, monkeypatch):
    monkeypatch.chdir(home)
    (home/"a.csv").write_text(CSV)
    (home/"holes.csv").write_text(CSV + "x,\n")
    (home/"two.csv").write_text("title,body,label\na,b,c\nd,e,f\n")
    (home/"wide.csv").write_text(",".join(f"a long name of column {i}" for i in range(5000)) + "\n" + ",".join(["a b"]*5000) + "\n")
    assert main(["data", *argv]) == 2
    message = capsys.readouterr().err
    assert why in message and message.count("\n") == 1 and len(message) < 600, message
    assert main(["data", "--data", "holes.csv", "--drop-missing"]) == 0
