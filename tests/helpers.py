"""What several tests need: small stages, and processes that are killed."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

# A mixer in a file of its own.
MINE = """from torch import nn
class Mine(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.out = nn.Linear(d_model, d_model)
    def forward(self, x): return self.out(x.cumsum(1))
"""

RESULTS = ("weights.safetensors", "metrics.json", "history.json")

# Run as a program: compute one small stage in the store given as the first argument.
STAGE = """
import sys, torch
torch.set_num_threads(1)
from spt_nb.protocol import TaskSpec, trial
from spt_nb.protocol.recipes import recipe
from spt_nb.runs.store import Store
r, options = recipe("copy_match", sys.argv[2], "smoke", sys.argv[3], pretrain_steps=300, finetune_steps=300, valid_every=50, pretrain_valid_every=50, d_model=32, lrs=1e-3)
spec = TaskSpec(name="copy_match", options=options | dict(n_train=500))
t = trial(spec, sys.argv[3], 0, r.but(dropout=.1)).candidates[0]
stage = t.pretrain if sys.argv[4] == "pretrain" else t
store = Store(sys.argv[1])
print(stage.hash, stage.pretrain.hash if stage is t else stage.hash, flush=True)
stage.obtain(store)
"""


def start(code, *args, **kw):
    "A Python process that runs some code, with its output at hand."
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True, **kw)


def steps_done(partial: Path) -> int:
    "How many steps of a stage at work have been reported."
    try:
        return json.loads((partial / "progress.json").read_text())["step"]
    except (OSError, ValueError):
        return 0


def run_killed(code, store: Path, args, kills: int, seed: int) -> int:
    "Run a stage, SIGKILL it at random moments, start it again until it is done; how many kills hit it at work."
    rng, hits = random.Random(seed), 0
    while True:
        p = start(code, store, *args)
        key = p.stdout.readline().split()[0]
        partial = store / f"{key}.partial"
        before = time.time()
        if hits < kills:
            while p.poll() is None and not (partial / "progress.json").exists() and time.time() < before + 60:
                time.sleep(.005)
            time.sleep(rng.random() * .3)
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                hits += partial.exists()
        p.wait()
        p.stdout.close()
        if (store / key).is_dir():
            return hits


def spt(*args, **kw):
    "The command line as a process that hears Ctrl-C, even where the shell that started the tests has it ignored."
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from spt_nb.cli import main; sys.exit(main())"
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)


def alive(marker: str) -> list:
    "Processes whose environment holds the marker."
    found = []
    for p in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (p / "environ").read_bytes() and int(p.name) != os.getpid():
                found.append(int(p.name))
        except OSError:
            pass
    return found


def without_numerics(stage):
    "The hash of a configuration whatever its numerics version."
    from spt_nb.core import digest

    def drop(x):
        return {k: drop(v) for k, v in x.items() if k != "numerics"} if isinstance(x, dict) else x
    return digest(drop(stage.model_dump(mode="json")))


def step_by_step(m, x, state, **kw):
    "The outputs of a mixer for x (B, L, D), read one position at a time, and the state after the last."
    ys = []
    for x_t in x.unbind(1):
        y, state = m.step(x_t, state, **kw)
        ys.append(y)
    return torch.stack(ys, 1), state
