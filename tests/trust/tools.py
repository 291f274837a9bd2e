"""What the sweeps share: a small grid of real stages, and children that may be killed."""
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import torch

from spt_nb.protocol.comparison import Comparison
from spt_nb.protocol import prepare
from spt_nb.runs.store import Store
from spt_nb.training.trainer import Trainer
from spt_nb.runs.progress import plan
from spt_nb.runs.workers import work

WRITES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "tempfile.mkstemp"}
RESULTS = ("weights.safetensors", "metrics.json", "history.json", "ledger.json", "model.json", "config.json", "test.parquet")
torch.set_num_threads(1)
torch.optim.AdamW([torch.zeros(1)])  # the first one imports much of torch: here once, and not in every child


def planned(folder, mixers=("attention", "dlr"), inits=("scratch", "scratch-matched", "masked"), seeds=2, **numbers) -> Comparison:
    "28 stages that take a few seconds: three kinds, two mixers, two seeds."
    numbers = dict(lrs=1e-3, pretrain_steps=40, finetune_steps=30, valid_every=10, n_train=64, n_valid=32, n_test=32) | numbers
    numbers.setdefault("pretrain_valid_every", numbers["valid_every"])  # more checkpoints, more to lose
    return prepare("copy_match", mixers, inits, seeds, scale="smoke", runs=folder, quiet=True, **numbers)


def in_store(c: Comparison, folder) -> Comparison:
    "The same comparison in another store."
    return Comparison(c.trials, Store(folder), c.resolved)


def compute(c: Comparison) -> dict:
    "All stages of a comparison, in this process; what failed."
    return work(plan(c.trials.values()), c.store)


def child(f, silent=True) -> int:
    "A copy of this process that calls `f` and ends; its process id. Nothing has to be imported again."
    assert threading.active_count() == 1, "a lock that another thread holds would stay locked in the child"
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", buffering=1, closefd=False)  # not into pytest's capture
    if silent:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
    try:
        Trainer.checkpoint_seconds = .02
        status = f() or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def ended(pid: int, within=None) -> int | None:
    "The exit status of a child (minus the signal that ended it), or None if it still runs after so many seconds."
    end = None if within is None else time.monotonic() + within
    while True:
        got, status = os.waitpid(pid, 0 if end is None else os.WNOHANG)
        if got:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(.001)


def is_write(event, args, folder) -> bool:
    "Does this event of the interpreter change something below the folder?"
    if event not in WRITES or not isinstance(args[0], (str, bytes, os.PathLike)) or not os.fsdecode(args[0]).startswith(str(folder)):
        return False
    if event != "open":
        return True
    path, mode, flags = args
    return any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def at_write(folder, f):
    """Call `f(n, path)` just before a write below the folder, the n-th of the main thread: what others do depends on the clock.
    For good: a hook cannot be removed, so this is for children."""
    count = [0]

    def hook(event, args):
        if is_write(event, args, folder):
            count[0] += threading.current_thread() is threading.main_thread()
            f(count[0], os.fsdecode(args[0]))
    sys.addaudithook(hook)


def finished(folder) -> dict:
    "Every finished stage with what would change if it were computed again."
    found = {}
    for p in Path(folder).glob("*/manifest.json"):
        if "." not in p.parent.name:
            s = p.stat()
            found[p.parent.name] = (s.st_ino, s.st_mtime_ns)
    return found


def results(folder) -> dict:
    "The bytes of all results, but for what depends on the clock."
    return {f"{p.parent.name}/{p.name}": p.read_bytes() for n in RESULTS for p in sorted(Path(folder).glob(f"*/{n}")) if "." not in p.parent.name}


def tables(c: Comparison) -> dict:
    "Every table of a comparison as text."
    rows = c.rows.drop(columns=["seconds", "pretrain_seconds"])
    return {n: f.to_csv() for n, f in dict(table=c.table(), rows=rows, differences=c.differences(), curves=c.curves()).items()}
