"""The synthetic controls at many sizes: solved by a program that shares nothing with the generator."""
import hashlib
from itertools import permutations

import numpy as np
import pytest
from scipy.ndimage import label as components

from spt_nb.core import SptError
from spt_nb.tasks.controls import GROUPS, chains, copy_match, cycles, dyck, elements, recall, state_tracking
from spt_nb.tasks.paths import paths
from spt_nb.tasks.batches import Split

SMALL = dict(n_train=300, n_valid=40, n_test=60)
MAKERS = [copy_match, dyck, recall, state_tracking, paths, chains]


def rows(task):
    for ds in (task.train, task.valid, task.test):
        yield from zip(ds["x"], ds["x2"] if task.kind == "matching" else ds["x"], ds["y"])


@pytest.mark.parametrize("make", MAKERS)
def test_rows_are_a_function_of_seed_and_number(make):
    a, b, other = make(**SMALL), make(**SMALL), make(**SMALL, seed=3)
    assert a.fingerprint == b.fingerprint != other.fingerprint
    assert make(**SMALL | dict(n_test=10)).train["x"][:] == a.train["x"][:]
    longer = make(n_train=340, n_valid=30, n_test=30)
    assert longer.train["x"][300:] == a.valid["x"][:]
    assert len({(*x, *x2) for x, x2, _ in rows(a)}) == 400
    y = np.array([y for *_, y in rows(make(n_train=2000, n_valid=1, n_test=1))])
    n, shares = a.n_outputs, np.bincount(y, minlength=a.n_outputs)/len(y)
    assert (abs(shares - 1/n) < 4.5*(1/n*(1 - 1/n)/len(y))**.5).all()


@pytest.mark.parametrize("make, expected", [(copy_match, "0daa4fc758a6e2b8"), (dyck, "ef1d595747e195af")])
def test_the_first_controls_have_not_changed(make, expected):
    task = make()
    parts = [np.array(ds[c], np.int8).tobytes() for ds in (task.train, task.valid, task.test) for c in ("x", "y")]
    assert hashlib.sha256(b"".join(parts)).hexdigest()[:16] == expected


@pytest.mark.parametrize("pairs, keys, values", [(2, 26, 10), (3, 5, 3), (26, 26, 10)])
def test_recall(pairs, keys, values):
    task = recall(**SMALL, pairs=pairs, keys=keys, values=values)
    assert task.length == 2*pairs + 1 and task.n_outputs == values
    for x, _, y in rows(task):
        s = [task.vocab[i] for i in x]
        assert len(set(s[:-1:2])) == pairs and dict(zip(s[:-1:2], s[1:-1:2]))[s[-1]] == str(y)


def test_groups_are_what_they_are_called():
    for group, k, n in (("parity", 2, 2), ("s3", 3, 6), ("a5", 5, 60), ("s5", 5, 120)):
        names, table = elements(group)
        assert len(names) == GROUPS[group] == n and set(names) <= {"".join(map(str, p)) for p in permutations(range(k))}
        generated = {0}
        while len(more := generated | {int(table[a, b]) for a in generated for b in (1, n - 1)}) > len(generated):
            generated = more
        assert (table[0] == np.arange(n)).all() and n % len(generated) == 0
    names, table = elements("a5")
    commutators = {int(c) for c in (table[table[a, b], table[inverse(table, a), inverse(table, b)]] for a in range(60) for b in range(60))}
    assert len(commutators) == 60  # a5 is its own commutator subgroup: no commutative quotient


def inverse(table, a):
    return int(np.flatnonzero(table[a] == 0)[0])


@pytest.mark.parametrize("group", GROUPS)
def test_state_tracking(group):
    task = state_tracking(**SMALL, group=group, length=20)
    for x, _, y in rows(task):
        words = [task.vocab[i] for i in x]
        if group == "z60":
            assert sum(map(int, words)) % 60 == y
        else:
            places = list(range(len(words[0])))
            for w in words:
                places = [int(w[p]) for p in places]
            assert "".join(map(str, places)) == task.classes[y]


@pytest.mark.parametrize("size, curve", [(5, 3), (8, 8), (9, 12), (16, 24)])
def test_paths(size, curve):
    task, apart = paths(**SMALL, size=size, curve=curve), {0: [], 1: []}
    for x, _, y in rows(task):
        p = np.array(x).reshape(size, size) - 4
        found, count = components(p > 0)
        a, b = np.argwhere(p == 2)
        assert count == 2 and np.bincount(found.ravel())[1:].tolist() == [curve]*2
        for r, c in (a, b):  # a mark is the end of its curve
            assert (np.pad(p, 1) > 0)[[r, r + 2, r + 1, r + 1], [c + 1, c + 1, c, c + 2]].sum() == 1
        assert (found[tuple(a)] == found[tuple(b)]) == y
        apart[y].append(((a - b)**2).sum()**.5)
    both = np.concatenate([apart[0], apart[1]])
    assert abs(np.mean(apart[0]) - np.mean(apart[1])) < 4*both.std()*(1/len(apart[0]) + 1/len(apart[1]))**.5


def test_paths_that_do_not_fit_are_an_error_and_not_a_wait():
    with pytest.raises(SptError, match="two curves of 10 pixels do not fit on 5 x 5 pixels; allowed: a shorter curve"):
        paths(**SMALL, size=5, curve=10)


@pytest.mark.parametrize("k, symbols, noise", [(2, 5, .2), (4, 8, .3), (6, 26, .1)])
def test_chains(k, symbols, noise):
    task, right, n = chains(**SMALL, chains=k, symbols=symbols, noise=noise, length=48), 0, 0
    after = cycles(0, k, symbols)
    def likeliest(x):
        x = np.array(x) - 4
        return (after[:, x[:-1]] == x[1:]).sum(1).argmax()
    for x, x2, y in rows(task):
        right, n = right + ((likeliest(x) == likeliest(x2)) == y), n + 1
    assert right/n > .98
    y, first = Split(task.train).y, np.array([likeliest(x) for x in task.train["x"]])
    for c in range(k):  # the chain of one sequence says nothing about the label
        assert abs(y[first == c].mean() - .5) < 4*.5/(first == c).sum()**.5
