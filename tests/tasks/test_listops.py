"""ListOps against an independent generator, written from its definition with nested lists and Python's own random numbers."""
import random
import statistics

import numpy as np
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from spt_nb.tasks.listops import evaluate, generate, read_tsv

VALUE = {"[MIN": min, "[MAX": max, "[MED": lambda a: int(statistics.median(a)), "[SM": lambda a: sum(a) % 10}
N = 1500


def draw(rng, depth=1):
    "A digit, or [operator, arguments]."
    if depth < 10 and rng.random() < .25:
        args = [draw(rng, depth + 1) for _ in range(rng.randint(2, 10))]
        return [rng.choice(list(VALUE)), *args]
    return rng.randint(0, 9)


def tokens(t):
    return [str(t)] if isinstance(t, int) else [t[0], *(w for a in t[1:] for w in tokens(a)), "]"]


def value(t):
    return t if isinstance(t, int) else VALUE[t[0]]([value(a) for a in t[1:]])


def parenthesised(t):
    "The form of the released files: an operator takes one argument at a time."
    if isinstance(t, int):
        return str(t)
    text = t[0]
    for a in t[1:]:
        text = f"( {text} {parenthesised(a)} )"
    return f"( {text} ] )"


@pytest.fixture(scope="module")
def reference():
    rng, kept = random.Random(1), []
    while len(kept) < N:
        t = draw(rng)
        if isinstance(t, list) and 500 < len(tokens(t)) < 2000:
            kept.append(t)
    return kept


def test_every_written_form_evaluates(reference):
    for t in reference[:300]:
        plain, full = " ".join(tokens(t)), parenthesised(t)
        for text in (plain, full, plain.replace("]", "X"), full.replace("]", "X")):
            assert evaluate(text) == value(t)


def arguments(text):
    "Argument count of every operator, the root's first."
    counts, stack = [], []
    for w in text.split():
        if w == "]":
            stack.pop()
            continue
        if stack:
            counts[stack[-1]] += 1
        if w.startswith("["):
            stack.append(len(counts))
            counts.append(0)
    return counts


def same_counts(a, b):
    "p of a chi-square test that two samples have one distribution."
    labels = sorted(set(a) | set(b))
    return chi2_contingency([[list(s).count(v) for v in labels] for s in (a, b)]).pvalue


def test_one_distribution(reference):
    ours = generate(N, seed=11)
    theirs = [(" ".join(tokens(t)), value(t)) for t in reference]
    (a, ya), (b, yb) = zip(*ours), zip(*theirs)
    args = [[arguments(t) for t in texts] for texts in (a, b)]
    p = dict(
        length=ks_2samp(*[[len(t.split()) for t in s] for s in (a, b)]).pvalue,
        operators=ks_2samp(*[[len(c) for c in s] for s in args]).pvalue,
        label=same_counts(ya, yb),
        root=same_counts(*[[c[0] for c in s] for s in args]),
        kinds=same_counts(*[[w for t in s[:300] for w in t.split() if w.startswith("[")] for s in (a, b)]),
    )
    assert min(p.values()) > .001, p
    assert all(500 < len(t.split()) < 2000 for t in a)


def test_released_files_read_in_every_form(tmp_path, reference):
    rows = [(parenthesised(t), value(t)) for t in reference[:20]]
    for end in ("\n", "\r\n"):
        for close in ("]", "X"):
            path = tmp_path / "basic_train.tsv"
            path.write_bytes(end.join(["Source\tTarget", *(f"{s.replace(']', close)}\t{y}" for s, y in rows), ""]).encode())
            ids, lengths, labels = read_tsv(path)
            assert list(labels) == [y for _, y in rows]
            assert list(lengths) == [len(tokens(t)) + 1 for t in reference[:20]]  # with <eos>
            assert ids.max() < 19 and np.count_nonzero(ids == 3) == 20
