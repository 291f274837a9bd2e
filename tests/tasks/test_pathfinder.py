"""Pathfinder against an independent generator (pathfinder_reference.py), and what its store promises."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pathfinder_reference import COUNTS, TABLE, draw as slow_draw, measure
from scipy.stats import chi2_contingency, ks_2samp

from spt_nb.tasks.pathfinder import FACTS, draw

OURS = {32: 1500, 128: 250, 256: 400}
SAME = 1e-4  # smallest p-value of samples of one distribution; 39 tests with fixed seeds


def measured(size, n, seed):
    images, labels, facts = draw(0, n, size, seed)
    known = pd.DataFrame(facts, columns=FACTS)
    return pd.DataFrame([measure(image, label, k.margin, k.distractors, facts[i, 3:].reshape(4, 2))
                         for i, (image, label, k) in enumerate(zip(images, labels, known.itertuples()))])


@pytest.fixture(scope="module", params=list(COUNTS))
def samples(request):
    reference = pd.read_csv(TABLE)
    return measured(request.param, OURS[request.param], seed=1), reference[reference["size"] == request.param]


def counts(a, b):
    "Of each value in both samples."
    return pd.DataFrame({i: s.value_counts() for i, s in enumerate((a, b))}).fillna(0)


def test_same_distribution(samples):
    ours, theirs = samples
    assert len(theirs) == COUNTS[ours["size"][0]]
    p = {c: ks_2samp(ours[c], theirs[c]).pvalue
         for c in ("ink", "intensity", "pieces", "pieces64", "right", "below", "first", "second", "row", "column")}
    for c in ("label", "margin", "distractors"):
        table = counts(ours[c], theirs[c])
        table = pd.concat([table[table.sum(axis=1) >= 10], table[table.sum(axis=1) < 10].sum().to_frame().T])
        table = table[table.sum(axis=1) > 0]
        p[c] = chi2_contingency(table).pvalue if len(table) > 1 else 1.
    assert min(p.values()) > SAME, p


def test_same_grey_levels(samples):
    "Bins of 32 levels: the mean share of each agrees within four standard errors."
    ours, theirs = samples
    for b in [f"bin{i}" for i in range(8)]:
        error = (ours[b].var()/len(ours) + theirs[b].var()/len(theirs))**.5
        assert abs(ours[b].mean() - theirs[b].mean()) < 4*error + 1e-9, b


def test_label_leaks_nowhere(samples):
    ours, _ = samples
    for c in ("ink", "intensity", "pieces", "pieces64", "distractors"):
        assert ks_2samp(ours[c][ours.label == 1], ours[c][ours.label == 0]).pvalue > SAME, c


def test_reference_still_draws_its_table():
    "The table comes from the program beside it."
    table, rng = pd.read_csv(TABLE), np.random.default_rng(32)
    again = pd.DataFrame([measure(image, **known) for image, known in (slow_draw(32, rng) for _ in range(5))]).round(5)
    pd.testing.assert_frame_equal(again, table[table["size"] == 32][:5], check_dtype=False, atol=2e-5)


LOAD = """
import resource, sys
from spt_nb.tasks import load_task
from spt_nb.tasks.batches import Split, collate
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
t = load_task("pathfinder", n_train=12000, n_valid=500, n_test=500)
collate(Split(t.train), range(64))
print(t.fingerprint, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)/1024)
"""


def load(home, cpus):
    return subprocess.Popen(["taskset", "-c", cpus, sys.executable, "-c", LOAD], env=os.environ | {"SPT_DATA": str(home)}, stdout=subprocess.PIPE, text=True)


def files(home):
    return {f.name: f.read_bytes() for f in next(Path(home).glob("pathfinder32-*")).iterdir()}


@pytest.mark.slow
def test_bytes_do_not_depend_on_cores_or_kills(tmp_path):
    "One core, two cores, and a run that was killed and started again."
    cores = sorted(os.sched_getaffinity(0))
    one, two, killed = (tmp_path/n for n in ("one", "two", "killed"))
    said = [load(home, cpus).communicate()[0].split() for home, cpus in ((one, str(cores[0])), (two, ",".join(map(str, cores[:2]))))]
    for _ in range(2):
        p, seen = load(killed, str(cores[0])), len(list(killed.glob(".*/train-*.json")))
        while p.poll() is None and len(list(killed.glob(".*/train-*.json"))) < seen + 2:
            time.sleep(.002)
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stdout.close()
    assert not list(killed.glob("pathfinder32-*")) and list(killed.glob(".*/train-*.json"))
    said.append(load(killed, str(cores[0])).communicate()[0].split())
    assert len({s[0] for s in said}) == 1
    assert files(one) == files(two) == files(killed)
    assert float(load(one, str(cores[0])).communicate()[0].split()[1]) < 300, "MB for opening what is there and one batch"
