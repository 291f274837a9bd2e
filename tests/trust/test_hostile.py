"""Files that want to do harm: each is refused within a second and in one line, none is carried out, and nothing is left in the store."""
import hashlib
import io
import json
import os
import pickle
import random
import shutil
import signal
import socket
import tarfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from papermill.cli import papermill

import spt_nb.protocol.plan  # here, so that the time of its import is not that of a refusal
from spt_nb.cli import main
from spt_nb.core import SptError, canonical, digest, read_json, write_json
from spt_nb.models.language import BUILT_IN
from spt_nb.training.optimisation import TrainConfig
from spt_nb.protocol.export import export, import_stage, load_model
from spt_nb.protocol.stages import Finetune, ModelSpec, Pretrain, TaskSpec
from spt_nb.runs.torchrun import load_checkpoint, save_checkpoint
from spt_nb.runs.store import Store, seal
from spt_nb.tasks import load_task
from spt_nb.tasks.cache import _dump, caches

TALLY = []  # seconds, and seconds at work, of each file that was tried


@contextmanager
def timed(what, mark):
    "A second at most, no waiting for ever, and nothing carried out."
    def late(*_):
        raise TimeoutError(f"{what} is still at it after 10 seconds")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    began, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    TALLY.append((time.perf_counter() - began, time.process_time() - cpu))
    assert TALLY[-1][1] < 1, what
    assert not mark.exists(), what


def refused(what, mark, f, *needles):
    "`f` is refused in one line."
    with timed(what, mark), pytest.raises(SptError) as e:
        f()
    said = str(e.value)
    assert "\n" not in said and len(said) < 700, (what, said)
    assert all(n in said for n in needles), (what, said)
    return said


class Run:
    "A pickle that leaves a mark when it is opened."
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def good(store, tmp_path_factory):
    "A fine-tuning as it should be handed on."
    data = TaskSpec(name="copy_match", options=dict(n_train=40, n_valid=10, n_test=10))
    model = ModelSpec(mixer="s4d", d_model=8, n_layers=2, mixer_args=dict(d_state=4), norm="batch")
    train = TrainConfig(steps=2, batch_size=8, lr=1e-3, valid_every=1)
    pre = Pretrain(task=data, model=model, train=train, seed=0, mask_ratio=.25)
    fine = Finetune(task=data, model=model, train=train, seed=0, pretrain=pre)
    fine.obtain(store)
    return export(fine.hash, store, tmp_path_factory.mktemp("out") / "good")


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "was-run"


# --- one file of an exported folder, changed -----------------------------------------------------------------------------------------

AS_THEY_ARE = set()  # changes that no hash is adapted to


def as_it_is(f):
    AS_THEY_ARE.add(f)
    return f


def put(name, data):
    return lambda d: (d / name).write_bytes(data)


def edit(name, change):
    "Change what a JSON file says; the manifest and the hash of the configuration follow."
    def f(d):
        x = read_json(d / name)
        (d / name).write_text(json.dumps(change(x) or x))
    return f


def both(change):
    "Change the configuration, and model.json the same way."
    def f(d):
        config, model = read_json(d / "config.json"), read_json(d / "model.json")
        for m in (config["model"], config["pretrain"]["model"], model):
            change(m)
        (d / "config.json").write_text(json.dumps(config))
        (d / "model.json").write_text(json.dumps(model))
    return f


def lay(said, data=b""):
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def weights(change):
    "Change the header of the weights."
    def f(d):
        data = (d / "weights.safetensors").read_bytes()
        n = int.from_bytes(data[:8], "little")
        said = json.loads(data[8:8 + n])
        (d / "weights.safetensors").write_bytes(lay(change(said) or said, data[8 + n:]))
    return f


def tensor(**changes):
    return weights(lambda h: h["head.bias"].update(changes))


def number(value):
    "Write a number over the first of the last tensor."
    def f(d):
        data = bytearray((d / "weights.safetensors").read_bytes())
        n = int.from_bytes(data[:8], "little")
        at = 8 + n + json.loads(data[8:8 + n])["head.weight"]["data_offsets"][0]
        data[at:at + 4] = np.float32(value).tobytes()
        (d / "weights.safetensors").write_bytes(data)
    return f


def link(name, to):
    def f(d):
        (d / name).unlink(missing_ok=True)
        (d / name).symlink_to(to)
    return f


def fifo(name):
    def f(d):
        (d / name).unlink(missing_ok=True)
        os.mkfifo(d / name)
    return f


def bind(d):
    (d / "ledger.json").unlink()
    here = os.getcwd()
    os.chdir(d)  # the name of a socket may have 100 bytes
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind("ledger.json")
    finally:
        os.chdir(here)


def drop(name):
    return lambda d: (d / name).unlink()


def big(name, size):
    return lambda d: os.truncate(d / name, size)


def manifest(change):
    "Change the list of files; its own hash follows."
    def f(d):
        files = read_json(d / "manifest.json")["files"]
        change(files)
        (d / "manifest.json").write_text(json.dumps({"files": files, "self": digest(files)}))
    return as_it_is(f)


def ledger(**line):
    return edit("ledger.json", lambda x: x[0].update(line))


def mixer(name):
    return both(lambda m: m.update(mixer=name))


F32 = dict(dtype="F32", shape=[2], data_offsets=[0, 8])
YAML = "!!python/object/apply:os.system ['touch {mark}']\n"


def cases(mark):
    "What is done to the folder, and what the refusal has to name."
    bomb = pickle.dumps(Run(mark))
    saved = io.BytesIO()
    torch.save({"w": Run(mark)}, saved)
    for name in ("weights.safetensors", *(f"{n}.json" for n in ("config", "model", "metrics", "history", "ledger", "timing", "versions"))):
        yield f"pickle as {name}", put(name, bomb), name
    yield "pickle as manifest.json", as_it_is(put("manifest.json", bomb)), "manifest.json"
    yield "torch.save as weights", put("weights.safetensors", saved.getvalue()), "weights.safetensors: "
    # the header of the weights
    W = "weights.safetensors: "
    yield "length over the file", put("weights.safetensors", (10**5).to_bytes(8, "little") + b"{}"), W + "cannot be read (SafetensorError"
    for n in (2**63, 2**64 - 1, 10**8, 0):
        yield f"length {n}", put("weights.safetensors", n.to_bytes(8, "little") + b"{}"), W + "cannot be read (SafetensorError"
    for data in (b"", b"\x00", b"\xff"*8):
        yield f"file {data!r}", put("weights.safetensors", data), W
    yield "overlap", weights(lambda h: h.update(x=h["head.bias"])), W + "cannot be read (SafetensorError"
    yield "gap", tensor(shape=[1], data_offsets=[4, 8]), W + "cannot be read (SafetensorError"
    yield "out of range", tensor(data_offsets=[2**40, 2**40 + 8]), W
    yield "out of 64 bits", tensor(data_offsets=[2**64, 2**64 + 8]), W + "cannot be read (SafetensorError"
    yield "backwards", tensor(data_offsets=[8, 0]), W + "cannot be read (SafetensorError"
    yield "one offset", tensor(data_offsets=[0]), W + "cannot be read (SafetensorError"
    yield "negative offset", tensor(data_offsets=[-8, 0]), W + "cannot be read (SafetensorError"
    for shape in ([-2], [-1, -2], [2.0], ["2"], [True, True], "2", None, [1]*99, [2**64], [[2]], {"0": 2}):
        yield f"shape {str(shape)[:20]}", tensor(shape=shape), W + "cannot be read (SafetensorError"
    yield "a billion numbers", tensor(shape=[10**9]), W + "cannot be read (SafetensorError"
    yield "2**96 numbers", tensor(shape=[2**47, 2**47, 4]), W + "cannot be read (SafetensorError"
    for dtype in ("OBJECT", "F128", "pickle", None, 7, ["F32"], {"F32": 1}):
        yield f"dtype {dtype}", tensor(dtype=dtype), W + "cannot be read (SafetensorError"
    yield "other dtype of the same size", tensor(dtype="I32"), W + "tensor 'head.bias' is (2,) torch.int32; allowed: (2,) torch.float32"
    yield "a list about a tensor", weights(lambda h: h.update({"head.bias": [1]})), W + "cannot be read (SafetensorError"
    yield "a key twice", put("weights.safetensors", lay(b'{"w":' + json.dumps(F32).encode() + b',"w":' + json.dumps(F32).encode() + b"}", bytes(8))), "model.json: n_layers"
    yield "no JSON", put("weights.safetensors", lay(b"{'w': __import__('os')}", bytes(8))), W + "cannot be read (SafetensorError"
    yield "a list", put("weights.safetensors", lay([F32], bytes(8))), W + "cannot be read (SafetensorError"
    for n in (21, 900, 10**6):
        yield f"{n} levels", put("weights.safetensors", lay(b"["*n + b"]"*n)), W
    yield "49,000 tensors", put("weights.safetensors", lay(b"{" + b",".join(b'"%d":[]' % i for i in range(49_000)) + b"}")), W
    yield "a tensor of another name", weights(lambda h: h.update(x=h.pop("head.bias"))), W + "tensor 'head.bias' is missing"
    yield "an evil name", weights(lambda h: h.update({"../../x": h.pop("head.bias")})), W + "tensor '../../x'"
    yield "another shape", weights(lambda h: h["head.weight"].update(shape=[8, 2])), W + "tensor 'head.weight' is (8, 2)"
    yield "more at the end", lambda d: open(d / "weights.safetensors", "ab").write(b"x") and None, W + "cannot be read (SafetensorError"
    yield "less at the end", lambda d: os.truncate(d / "weights.safetensors", 3000), W
    for x in (np.nan, np.inf, -np.inf):
        yield f"{x} in the weights", number(x), W + "tensor 'head.weight' holds infinities or NaN"
    yield "a terabyte of nothing", as_it_is(big("weights.safetensors", 2**40)), "weights.safetensors has 1,099,511,627,776 bytes"
    yield "3 GB of nothing", as_it_is(big("weights.safetensors", 3*2**30)), W + "cannot be read (SafetensorError"
    # JSON
    for name in ("config", "model", "metrics", "history", "ledger", "timing", "versions"):
        name += ".json"
        for what, data in {"NaN": b'{"a": NaN}', "Infinity": b"[-Infinity]", "1e999": b"[1e999]", "twice": b'{"a": 1, "a": 1}', "deep": b'{"a":'*500 + b"1" + b"}"*500,
                           "deeper": b"["*10**6, "digits": b"[" + b"9"*10**5 + b"]", "empty": b"", "UTF-16": '{"a": 1}'.encode("utf-16"),
                           "null": b"null", "text": b'"x"', "a list of lists": b"[[1]]", "a comment": b"{} // x", "YAML": YAML.format(mark=mark).encode()}.items():
            yield f"{what} in {name}", put(name, data), name
        yield f"2 MB of {name}", big(name, 2**21), f"{name} has 2,097,152 bytes; allowed: up to 1,048,576"
    many = b"[" + b"[],"*49_000 + b"1]"
    for key in ("retried", "valid", "diverged", "step"):
        yield f"49,000 lists as {key}", put("metrics.json", b'{"%s":' % key.encode() + many + b"}"), "metrics.json"
    for name in ("history", "ledger", "config", "model", "timing", "manifest"):
        yield f"49,000 lists as {name}", as_it_is(put(f"{name}.json", many)), f"{name}.json"
    yield "70,000 scores", edit("metrics.json", lambda m: m.update(valid={f"{i}": "" for i in range(70_000)})), "metrics.json"
    yield "49,000 options", edit("config.json", lambda c: c["task"].update(options={f"{i}": [] for i in range(49_000)}) or c["model"].update(mixer="x")), "json"
    yield "30,000 arguments", both(lambda m: m["mixer_args"].update({f"{i}": i for i in range(30_000)})), "json"
    yield "1 MB of text", put("metrics.json", b'{"step": "' + b"x"*(2**20 - 99) + b'"}'), "metrics.json"
    # the configuration
    C, M = "config.json: ", "model.json: "
    for name in ("os:system", "subprocess:Popen", "antigravity:x", "spt_nb.cli:main", "builtins:exec", "../x:y", "", "S4D", "__main__:x", "a\nb:c"):
        yield f"mixer {name!r}", mixer(name), M + f"mixer is {name!r}; allowed: {', '.join(BUILT_IN)}, or pass the class yourself"
    yield "mixer in the pretraining", edit("config.json", lambda c: c["pretrain"]["model"].update(mixer="os:system")), M + "mixer is 'os:system'"
    yield "mixer in model.json", edit("model.json", lambda m: m.update(mixer="os:system")), M + "mixer is 'os:system'; allowed: 's4d', as config.json says"
    yield "YAML as a mixer", mixer(YAML.format(mark=mark)), M + "mixer is ", "!!python/object/apply:os.system"
    for key in ("__proto__", "__class__", "constructor", "self", "cls", "model_config", "data_dir", "../x"):
        yield f"config with {key}", edit("config.json", lambda c, key=key: c.update({key: {"x": 1}})), C
        yield f"model with {key}", edit("config.json", lambda c, key=key: c["model"].update({key: 1})), C
        yield f"model.json with {key}", edit("model.json", lambda m, key=key: m.update({key: 1})), M
        yield f"mixer_args with {key}", both(lambda m, key=key: m["mixer_args"].update({key: 1})), M
    yield "a whole stage of another kind", edit("config.json", lambda c: c["pretrain"]), M
    yield "a data_dir", edit("config.json", lambda c: c["task"].update(data_dir="/etc")), C + "its hash is"
    for kind in ("trial", "os.system", None, ["finetune"], {}, 1):
        yield f"kind {kind}", edit("config.json", lambda c, kind=kind: c.update(kind=kind)), C + "kind is"
    yield "another kind inside", edit("config.json", lambda c: c["pretrain"].update(kind="finetune")), C
    yield "another stage", as_it_is(lambda d: edit("config.json", lambda c: c.update(seed=1))(d) or seal(d)), C + "its hash is"
    for value in ("8", 8.0, True, None, -1, 10**4000):
        yield f"d_model {str(value)[:5]!r}", both(lambda m, value=value: m.update(d_model=value)), ".json: "
    for key, value in dict(d_model=2**30, n_layers=10**9, ff_expand=2**40, n_outputs=10**12, vocab_size=2**25, max_length=-1).items():
        change = both if key in ("d_model", "n_layers", "ff_expand") else lambda f: edit("model.json", f)
        yield f"{key} {value}", change(lambda m, key=key, value=value: m.update({key: value})), M + f"{key} is {value}"
    for key, value in dict(d_model=2**24, ff_expand=2**20, n_outputs=2**20, vocab_size=2**24).items():
        change = both if key in ("d_model", "ff_expand") else lambda f: edit("model.json", f)
        yield f"{key} {value}", change(lambda m, key=key, value=value: m.update({key: value})), W + "tensor "
    for key, value in dict(n_outputs="2", vocab_size=[12], channels=3, max_length={}, head="os:system", pooling="max", d_model=True).items():
        yield f"{key} {value} in model.json", edit("model.json", lambda m, key=key, value=value: m.update({key: value})), M
    yield "no n_outputs", edit("model.json", lambda m: m.pop("n_outputs") and None), M
    for args in (dict(d_state=2**60), dict(d_state=2**24), dict(d_state="4"), dict(d_state=-2), dict(n_ssm=0), dict(init="os.system"), dict(d_state=[4]),
                 dict(dt_min="x"), dict(dt_min=0), dict(d_state=None), dict(x={"y": {"z": 1}}), dict(forward=1)):
        yield f"mixer_args {args}", both(lambda m, args=args: m.update(mixer_args=args)), ".json: " if args != dict(d_state=2**24) else W
    # results
    for key, value in dict(step="x", tokens=None, best_step=[], flops="1e9", diverged="no", retried=7, valid=[1]).items():
        yield f"{key} {value}", edit("metrics.json", lambda m, key=key, value=value: m.update({key: value})), f"metrics.json: {key}"
        yield f"no {key}", edit("metrics.json", lambda m, key=key: m.pop(key) and None), f"metrics.json: {key}" if key != "diverged" else "metrics.json"
    yield "text in a history", edit("history.json", lambda h: h[0].update(loss="x")), "history.json"
    L = "ledger.json: "
    yield "ledger of ../", ledger(tensor="../../etc/passwd"), L
    yield "ledger drops ../", edit("ledger.json", lambda x: x.append(dict(tensor="../x", action="dropped", reason=""))), L + "drops '../x'"
    yield "ledger drops head./../", edit("ledger.json", lambda x: x.append(dict(tensor="head./../x", action="dropped", reason=""))), L + "drops"
    yield "ledger of no tensor", ledger(tensor="blocks.7.x"), L
    yield "ledger acts", ledger(action="exec"), L
    yield "ledger of half", edit("ledger.json", lambda x: x[:-1]), L + "accounts for"
    yield "ledger says it twice", edit("ledger.json", lambda x: x + x[-1:]), L + "accounts for"
    yield "no ledger", drop("ledger.json"), L
    # the folder and its manifest
    for to in ("/etc/passwd", "/dev/zero", "/dev/stdin", "../x", "config.json", "/proc/self/environ"):
        yield f"link to {to}", as_it_is(link("metrics.json", to)), "metrics.json is a link, a folder, a pipe or a device"
    yield "weights are a link", as_it_is(link("weights.safetensors", "/dev/zero")), "weights.safetensors is a link"
    yield "the page is a link", as_it_is(link("README.md", "/etc/passwd")), "README.md is a link"
    for name in ("metrics.json", "weights.safetensors", "manifest.json", "README.md"):
        yield f"pipe {name}", as_it_is(fifo(name)), f"{name} is a link, a folder, a pipe or a device"
    yield "socket", as_it_is(bind), "ledger.json is a link, a folder, a pipe or a device"
    yield "folder", as_it_is(lambda d: (d / "README.md").unlink() or (d / "README.md").mkdir()), "README.md is a link"
    for name in ("run.py", "__init__.py", "sitecustomize.py", "config.yaml", "weights.bin", "checkpoint-000000001.safetensors", ".hidden", "x.pt", "evil\nname", "test.parquet", "CONFIG.JSON"):
        yield f"file {name!r}", as_it_is(put(name, bomb)), f"a file in the folder is {name!r}"
    yield "subfolder", as_it_is(lambda d: (d / "sub").mkdir()), "a file in the folder is 'sub'"
    for name in ("config.json", "weights.safetensors", "manifest.json", "README.md", "versions.json"):
        yield f"no {name}", as_it_is(drop(name)), f"{name} is missing"
    yield "manifest of ../", manifest(lambda f: f.update({"../../x": "0"*64})), "manifest.json: and the folder differ in '../../x'"
    yield "manifest of an absolute path", manifest(lambda f: f.update({"/etc/passwd": "0"*64})), "manifest.json: and the folder differ in '/etc/passwd'"
    yield "manifest without a file", manifest(lambda f: f.pop("README.md")), "manifest.json: and the folder differ in 'README.md'"
    yield "manifest of another hash", manifest(lambda f: f.update({"README.md": "0"*64})), "manifest.json: says that README.md was changed"
    yield "manifest of no hash", manifest(lambda f: f.update({"README.md": ["x"]})), "manifest.json: says that README.md was changed"
    yield "another page", as_it_is(put("README.md", b"# Trust me")), "manifest.json: says that README.md was changed"
    for data in (b"[]", b"{}", b'{"files": {}}', b'{"files": [], "self": 1}', b"null"):
        yield f"manifest {data}", as_it_is(put("manifest.json", data)), "manifest.json: was changed"


def broken(good, folder, change):
    "A copy of the folder with one change; where the change says no more of it, all hashes are made right again."
    shutil.copytree(good, folder)
    change(folder)
    if change in AS_THEY_ARE:
        return
    try:
        versions = read_json(folder / "versions.json") | dict(stage=digest(read_json(folder / "config.json")))
        write_json(folder / "versions.json", versions)
    except Exception:
        pass  # one of them is the hostile file
    seal(folder)


def empty(store):
    return not [p for p in store.folder.rglob("*") if p.name != ".locks"]


def test_folders_from_strangers_are_refused(good, mark, tmp_path):
    store = Store(tmp_path / "runs")
    for i, (what, change, *needles) in enumerate(cases(mark)):
        folder = tmp_path / f"{i}"
        broken(good, folder, change)
        said = refused(what, mark, lambda: load_model(folder), *needles)
        again = refused(what, mark, lambda: import_stage(folder, store), *needles)
        assert again.partition("tensor `")[0] == said.partition("tensor `")[0]  # safetensors names one of two at random
        assert empty(store), what
        shutil.rmtree(folder)
    load_model(good)


def mutant(good, folder, rng):
    "Bytes of one file changed, cut or repeated; half of the time the hashes are made right again."
    shutil.copytree(good, folder)
    path = rng.choice(sorted(folder.iterdir()))
    data = bytearray(path.read_bytes())
    at = rng.randrange(min(len(data), 3000))
    n = rng.choice((1, 1, 4, 40))
    data[at:at + n] = rng.choice((rng.randbytes(n), b"", data[at:at + n]*2, b"9"*n, b"[{"*n, b'"', b"-1", b"null"))
    path.write_bytes(data)
    if rng.random() < .5 and path.name != "manifest.json":
        seal(folder)


def test_a_folder_of_accidents_is_refused_or_whole(good, mark, tmp_path, size):
    rng, whole = random.Random(0), 0
    for i in range(size(150, 5000)):
        folder = tmp_path / f"{i}"
        mutant(good, folder, rng)
        with timed(f"mutant {i}", mark):
            try:
                model = load_model(folder)
            except SptError as e:
                assert "\n" not in str(e) and len(str(e)) < 700, i
            else:
                whole += 1
                assert model(torch.zeros(1, 4, dtype=torch.long)).isfinite().all()
        shutil.rmtree(folder)
    assert whole < i/3


# --- what is not a folder, and names that are paths ----------------------------------------------------------------------------------

def archive(path, evil):
    "A tar or zip with members that would land outside."
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as z:
            z.writestr("../../evil", evil), z.writestr("/tmp/evil", evil), z.writestr("train.csv", "text,label\na,0\nb,1\n")
    else:
        with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as t:
            for name in ("../../evil", "/tmp/evil", "train.csv"):
                m = tarfile.TarInfo(name)
                m.size = len(evil)
                t.addfile(m, io.BytesIO(evil))
    return path


ARCHIVES = ("a.tar", "a.tar.gz", "a.tgz", "a.zip")


def test_what_is_no_folder_is_not_imported(good, mark, tmp_path):
    store, deep = Store(tmp_path / "runs"), tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    os.mkfifo(deep / "pipe")
    (deep / "pickle").write_bytes(pickle.dumps(Run(mark)))
    for path in (*(archive(deep / n, pickle.dumps(Run(mark))) for n in ARCHIVES), deep / "pipe", deep / "pickle", deep / "none", "/dev/zero", "/etc/passwd", good / "config.json", ""):
        for f in (load_model, lambda p: import_stage(p, store)):
            refused(f"import of {path}", mark, lambda: f(path), "folder is" if path != "" else "")
    assert empty(store) and not list(tmp_path.rglob("evil")) and not Path("/tmp/evil").exists()


def test_a_hash_is_not_a_path(good, store, mark, tmp_path):
    for key in ("../../etc", "/etc/passwd", "..", ".", "", "*", "a/b", ".locks", f"../{store.folder.name}/{read_json(good/'versions.json')['stage']}",
                f"./{read_json(good/'versions.json')['stage']}", f"{read_json(good/'versions.json')['stage']}/../x", "a\nb", "\0", "a.partial", None, 7, ["a"], "A"*10**5):
        refused(f"hash {str(key)[:30]!r}", mark, lambda: export(key, store, tmp_path / "out"), "allowed: the beginning of one hash")
    assert not (tmp_path / "out").exists()


# --- checkpoints, caches and the user's own data --------------------------------------------------------------------------------------

def checkpoints(mark):
    bomb = pickle.dumps(Run(mark))
    saved = io.BytesIO()
    torch.save({"w": Run(mark)}, saved)
    yield from (bomb, saved.getvalue(), b"", b"x", (2**63).to_bytes(8, "little") + b"{}", (2**64 - 1).to_bytes(8, "little") + b"{}", lay(b"["*10**6), lay(b"[]"), lay(b"null"), lay(b"{}"))
    yield from (lay({"__metadata__": m, "w": F32}, bytes(8)) for m in (None, [], {}, {"meta": 7}, {"meta": "["*10**6}, {"meta": "[]"}, {"meta": bomb.hex()}, {"meta": YAML}))
    yield from (lay({"__metadata__": {"meta": json.dumps(dict(stage="", at={}))}, "w": F32 | d}, bytes(8)) for d in (
        dict(data_offsets=[0, 2**40]), dict(shape=[10**9]), dict(shape=[-2]), dict(dtype="OBJECT"), dict(data_offsets=[8, 0]), dict(shape=[2**62, 8])))


def test_hostile_checkpoints_are_left_out(mark, tmp_path, caplog):
    save_checkpoint(tmp_path, 1, {"w": torch.ones(2)}, {"step": 1})
    for i, data in enumerate(checkpoints(mark)):
        path = tmp_path / f"checkpoint-{i + 2:09d}-{hashlib.sha256(data).hexdigest()[:32]}.safetensors"  # the hash is right
        path.write_bytes(data)
        with timed(path.name, mark):
            assert load_checkpoint(tmp_path)[1] == {"step": 1}
        said, = caplog.messages
        assert "\n" not in said and "left out" in said, said
        caplog.clear()
        path.unlink()
    for make in (os.mkfifo, lambda p: p.symlink_to("/dev/zero"), Path.mkdir):
        make(path)
        with timed("no file", mark):
            assert load_checkpoint(tmp_path)[1] == {"step": 1}
        assert len(caplog.messages) == 1
        caplog.clear()
        path.rmdir() if path.is_dir() else path.unlink()


def extension(mark):
    "A column of a type that older versions of Arrow unpickled."
    field = pa.field("text", pa.string(), metadata={"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickle.dumps(Run(mark))})
    return pa.table([pa.array([f"row {i}" for i in range(20)]), pa.array([i % 2 for i in range(20)])], schema=pa.schema([field, pa.field("label", pa.int64())]))


def stream(table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue()


def test_pickles_in_own_data_are_refused(mark, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    bomb, deep = pickle.dumps(Run(mark)), tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for name in ARCHIVES:
        refused(f"own {name}", mark, lambda: load_task("own", data=archive(deep / name, bomb)), f"data is {name!r}; allowed: .parquet")
        folder = deep / f"folder of {name}"
        folder.mkdir()
        archive(folder / name, bomb)
        refused(f"own folder of {name}", mark, lambda: load_task("own", data=folder), "holds no data")
    for name in ("x.pkl", "x.pt", "x.npy", "x.npz", "x.arrow", "x.joblib", "x.py", "x.yaml"):
        (deep / name).write_bytes(bomb)
        refused(f"own {name}", mark, lambda: load_task("own", data=deep / name), f"data is {name!r}; allowed: .parquet")
    for name in ("x.parquet", "x.csv", "x.csv.gz", "x.json", "x.jsonl", "x.tsv"):
        (deep / name).write_bytes(bomb)
        refused(f"own {name}", mark, lambda: load_task("own", data=deep / name), name)
    os.mkfifo(deep / "pipe.csv")
    refused("own pipe", mark, lambda: load_task("own", data=deep / "pipe.csv"), "pipe.csv")
    assert not list(tmp_path.rglob("evil")) and not Path("/tmp/evil").exists()


def test_pickles_among_media_are_refused(mark, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    objects = io.BytesIO()
    np.save(objects, np.array([Run(mark)], object), allow_pickle=True)
    evil_header = b"\x93NUMPY\x01\x00" + (70).to_bytes(2, "little") + b"{'descr': __import__('os').system('x'), 'shape': (1,)}".ljust(69) + b"\n"
    huge = b"\x93NUMPY\x01\x00" + (70).to_bytes(2, "little") + b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,)}".ljust(69) + b"\n"
    for i, (name, data) in enumerate((("x.npy", objects.getvalue()), ("x.npy", pickle.dumps(Run(mark))), ("x.npy", evil_header), ("x.npy", huge), ("x.npy", b""),
                                      ("x.wav", pickle.dumps(Run(mark))), ("x.png", pickle.dumps(Run(mark))), ("x.jpg", b"GIF89a" + b"\xff"*20))):
        folder = tmp_path / f"{i}"
        for label in "ab":
            (folder / label).mkdir(parents=True)
            (folder / label / name).write_bytes(data or b"\0"*(label == "b"))
        refused(f"own {name} {i}", mark, lambda: load_task("own", data=folder), name)


def test_arrow_never_unpickles_a_type(mark, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    pq.write_table(extension(mark), tmp_path / "x.parquet")
    with timed("a pickled type in Parquet", mark):
        try:
            assert load_task("own", data=tmp_path / "x.parquet").vocab_size
        except SptError as e:
            assert "\n" not in str(e)
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "data.arrow").write_bytes(stream(extension(mark)))
    (saved / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}], "_fingerprint": "x", "_format_columns": None, "_format_kwargs": {},
                                                  "_format_type": None, "_output_all_columns": False, "_split": None}))
    (saved / "dataset_info.json").write_text(json.dumps({"features": {"text": {"_type": "Value", "dtype": "string"}, "label": {"_type": "Value", "dtype": "int64"}}}))
    with timed("a pickled type in a saved dataset", mark):
        try:
            load_task("own", data=saved)
        except SptError as e:
            assert "\n" not in str(e)
    for i, (name, data) in enumerate({"state.json": pickle.dumps(Run(mark)), "dataset_info.json": b'{"features": {"text": {"_type": "os.system", "x": 1}}}', "data.arrow": pickle.dumps(Run(mark))}.items()):
        folder = tmp_path / f"saved-{i}"
        shutil.copytree(saved, folder)
        (folder / name).write_bytes(data)
        refused(f"saved {name}", mark, lambda: load_task("own", data=folder), "cannot be read as a saved dataset")


def test_a_hostile_cache_is_made_again(mark, tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path))
    def make():
        return load_task("listops", n_train=8, n_valid=4, n_test=4, min_length=5, max_length=40).fingerprint
    was, (folder,) = make(), caches()
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    for name in files:
        for data in (pickle.dumps(Run(mark)), b"", b"["*500, b"[[]]", stream(extension(mark))):
            (folder / name).write_bytes(data)
            with timed(f"cache with another {name}", mark):
                assert make() == was
            assert {p.name: p.read_bytes() for p in folder.iterdir()} == files
    record = json.loads(files["cache.json"])
    record["files"] = {f"../../../etc/{n}": h for n, h in record["files"].items()}
    (folder / "cache.json").write_text(_dump({k: v for k, v in record.items() if k != "check"}))
    with timed("cache of other folders", mark):
        assert make() == was


# --- YAML and the command line ------------------------------------------------------------------------------------------------------------

def test_yaml_of_papermill_makes_no_objects(mark, tmp_path):
    notebook = dict(cells=[dict(cell_type="code", source="a = 1", metadata=dict(tags=["parameters"]), execution_count=None, outputs=[])],
                    metadata=dict(kernelspec=dict(name="python3", language="python", display_name="python3")), nbformat=4, nbformat_minor=4)
    (tmp_path / "in.ipynb").write_text(json.dumps(notebook))
    for i, tag in enumerate((YAML.format(mark=mark), f"!!python/object/new:os.system ['touch {mark}']", "!!python/name:os.system", f"!!python/module:os [{mark}]")):
        (tmp_path / "p.yaml").write_text(f"a: {tag}\n")
        with timed(f"papermill -f {tag[:30]}", mark):
            got = CliRunner().invoke(papermill, [str(tmp_path / "in.ipynb"), str(tmp_path / f"{i}.ipynb"), "-f", str(tmp_path / "p.yaml")])
        assert type(got.exception).__name__ == "ConstructorError" and not (tmp_path / f"{i}.ipynb").exists()


def test_the_command_line_runs_nothing_it_is_given(mark, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path))
    code = f"__import__('os').system('touch {mark}')"
    for argv in (["experiment", "quickstart", f"--{code}", "1"], ["experiment", "quickstart", "--seeds; import os", "1"], ["experiment", "../../x"], ["experiment", f"{tmp_path}/x.ipynb"],
                 ["compare", "--task", code], ["compare", "--task", "copy_match", "--seeds", code], ["compare", "--task", "copy_match", "--scale", code], ["data", code],
                 ["compare", "--task", "copy_match", "--pretrain-steps", code], [code]):
        with timed(" ".join(argv)[:60], mark):
            assert main(argv) == 2
        said = capsys.readouterr().err
        assert said.startswith("spt: ") and said.count("\n") == 1, said


def test_how_many_were_tried(measured):
    "The last: what the others found."
    assert len(TALLY) > 15
    measured("hostile", files=len(TALLY), executed=0, slowest_seconds=round(max(wall for wall, _ in TALLY), 2), slowest_cpu_seconds=round(max(cpu for _, cpu in TALLY), 2))
