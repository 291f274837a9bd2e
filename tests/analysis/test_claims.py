"""What verdicts promise, on made-up scores whose truth is known. The page on claims counts how often verdicts are wrong."""
import numpy as np
import pandas as pd
import pytest

from spt_nb.analysis.claims import MARGIN, Effect, claim, every, judge, seeds_needed, with_seeds
from spt_nb.analysis.intervals import Interval, paired_interval, sign_flips, solve_interval
from spt_nb.analysis.statistics import Cell, cells_of, differences, gap, ranking, summarise
from spt_nb.core import SptError

SEED = 7


def test_close_cells_are_found_to_be_close():
    "Of bell-shaped scores with little scatter; of cells that both solve the task, with enough seeds."
    rng = np.random.default_rng(SEED)
    assert judge([claim("", rng.normal(.01, .005, 8), MARGIN)]).verdict[0] == "held"
    for n, verdict in ((35, "no verdict"), (36, "held")):
        cells = [Effect({Cell("task", pd.Series([.99]*n), .5, True): 1.}) for _ in range(2)]
        assert judge([claim("", cells[0] - cells[1], MARGIN)]).verdict[0] == verdict


def test_both_solve_but_differ():
    "Forty seeds that agree in solving prove no closeness of means that differ by more than the margin."
    a, b = (Effect({Cell("task", pd.Series([x]*40), .5, True): 1.}) for x in (.99, .80))
    assert judge([claim("", a - b, MARGIN)]).verdict[0] != "held"


def test_equal_differences_are_no_proof():
    assert judge([claim("", [.1]*3)]).verdict[0] == "not distinguishable"
    assert judge([claim("", Interval(.1, .1, .1, 3))]).verdict[0] == "not distinguishable"
    assert judge([claim("", [.01]*3, MARGIN)]).verdict[0] == "not distinguishable"


@pytest.mark.parametrize("n, why", [(0, "no seed"), (1, "one seed"), (2, "two seeds")])
def test_few_seeds_give_no_verdict(n, why):
    lines = judge([claim("", [.1, .2][:n]), claim("", [.1, .2][:n], MARGIN), every("", [[.1, .2, .3], [.1, .2][:n]]), claim("", Interval(.1, -9., 9., n))])
    assert set(lines.verdict) == {"no verdict"} and set(lines.why) == {why} and lines.p_holm.isna().all()
    assert lines.low[[0, 1, 3]].isna().all(), "an interval wider than the scale"


def test_smoke_gives_no_verdict():
    lines = judge([claim("", [.1, .11, .12]), claim("", [.001, .002, .0], MARGIN)], "smoke")
    assert set(zip(lines.verdict, lines.why)) == {("no verdict", "smoke scale")}


def test_one_of_eight():
    "A p of .03 alone is a verdict; among eight it is not, and the page says what decided."
    lone, other = claim("lone", Interval(.1, .02, .18, 3)), claim("other", [-.1, .1, .05])
    assert .02 < lone["p"] < .05 and judge([lone]).verdict[0] == "held"
    line = judge([other]*7 + [lone]).iloc[-1]
    assert (line.verdict, line.why) == ("not distinguishable", "only the adjustment for 8 claims decides")


def test_the_order_does_not_matter():
    rng = np.random.default_rng(SEED)
    page = [claim(str(k), rng.normal(.02*k, .02, 4), MARGIN if k % 3 == 0 else None) for k in range(9)] + [every("every", rng.normal(.1, .01, (3, 4)))]
    first = judge(page).set_index("claim")[["p_holm", "verdict", "why"]]
    for _ in range(5):
        again = judge([page[k] for k in rng.permutation(len(page))]).set_index("claim").loc[first.index, first.columns]
        pd.testing.assert_frame_equal(first, again)


def rows_of(cells, **more):
    "A line per run, of (mixer, init) -> scores."
    return pd.DataFrame([dict(mixer=m, init=i, seed=s, score=x, steps=1, floor=.5, **more) for (m, i), xs in cells.items() for s, x in enumerate(xs)])


JUMPS = rows_of({("dlr", "scratch"): [.51, .50, .52], ("dlr", "masked"): [.99, .98, .51], ("s4", "scratch"): [.50, .50, .51], ("s4", "masked"): [.99]*3})


def test_tables_follow_the_same_rules():
    table = summarise(JUMPS)
    assert table.solved.tolist() == [0, 2, 0, 3] and table.solved_low[3] == pytest.approx(solve_interval(3, 3)[0])
    assert table.low[3] == pytest.approx(.505 + .485*solve_interval(3, 3)[0], abs=.01)
    assert set(ranking(JUMPS).test) == {"exact sign flips"} and set(differences(JUMPS).verdict) == {"not distinguishable"}
    two = JUMPS[JUMPS.seed < 2]
    assert set(differences(two).why) == {"two seeds"} and summarise(two).low.isna().all() and gap(two, "masked").verdict == "no verdict"
    assert set(differences(JUMPS, withhold="smoke scale").verdict) == {"no verdict"} == set(summarise(JUMPS, withhold="smoke scale").standing)
    older = summarise(JUMPS.rename(columns=dict(floor="chance")))
    pd.testing.assert_frame_equal(table, older)


@pytest.mark.parametrize("mixed", [summarise, differences, ranking, lambda r: cells_of(r.assign(task="copy"), ("task",))])
def test_rows_of_different_numerics(mixed):
    with pytest.raises(SptError, match="numerics of .*dlr, scratch are 1 and 2; allowed: one in a cell"): mixed(JUMPS.assign(numerics=1 + (JUMPS.seed == 2)))
    mixed(JUMPS.assign(numerics=1))


def test_an_effect_is_a_sum_of_cells():
    scores = [.99, .51, .98, .99, .50], [.50, .52, .99, .51, .98], [.51, .99, .50, .98, .99]
    a, b, c = (Effect({Cell("task", pd.Series(x), .5, True): 1.}) for x in scores)
    x = (a - b) - (c - b)
    np.testing.assert_allclose(np.asarray(x), np.asarray(a) - np.asarray(c))
    assert x.interval() == pytest.approx((a - c).interval()), "the cell that cancels does not count"
    np.testing.assert_allclose(np.min([a, b], axis=0), np.minimum(np.asarray(a), np.asarray(b)))
    assert claim("", a - b)["test"] == "exact sign flips" and claim("", a - b)["p"] == sign_flips(np.asarray(a) - np.asarray(b))
    assert claim("", (a - b).by_seed)["test"] == "paired t"


def test_of_plain_values_it_is_the_paired_t_test():
    a, b = np.random.default_rng(SEED).normal(size=(2, 6))
    assert claim("", a - b)["p"] == pytest.approx(paired_interval(a, b).p)


def cells(draw, rates, n, tasks=1):
    "The effect of one cell less another on tasks that a share of all seeds solve."
    return Effect({Cell(str(t), pd.Series(np.where(draw(n) < rate, .99, .5)), .5, True): sign/tasks
                   for t in range(tasks) for rate, sign in zip(rates, (1, -1))})


@pytest.mark.parametrize("level", [.05, .05/6])
@pytest.mark.parametrize("tasks", [1, 2])
def test_so_many_seeds_solve_often_enough(tasks, level):
    "Of a cell that solves a task in nine seeds of ten, and one that solves it in two: the power that was promised, and little more."
    seen = cells(lambda n: (np.arange(n) + .5)/n, (.9, .2), 20, tasks)
    need, rng = seeds_needed(seen, level=level), np.random.default_rng(SEED)
    assert 5 <= need <= 30
    found = [np.mean([claim("", cells(rng.random, (.9, .2), n, tasks))["p"] < level for _ in range(150)]) for n in (need // 2, need)]
    assert found[1] > .6 and found[0] < found[1] - .15


@pytest.mark.parametrize("mean, margin", [(.06, None), (.01, MARGIN), (-.12, MARGIN)])
def test_so_many_seeds_decide_a_mean(mean, margin):
    need, rng = seeds_needed([mean - .06, mean, mean + .06], margin), np.random.default_rng(SEED)
    found = [np.mean([claim("", rng.normal(mean, .06, n), margin)["p"] < .05 for _ in range(300)]) for n in (need // 2, need)]
    assert .72 < found[1] < .95 and found[0] < .65


def test_undecided_claims_say_how_many_seeds():
    "Decided ones do not, nor those that were not tested; no effect says how large it may be."
    rng = np.random.default_rng(SEED)
    page = [claim("large", [.1, .11, .12, .1]), claim("some", [.2, .3, .02]), claim("none", [.01, -.01, .001]), claim("close", [.06, .05, .07], MARGIN),
            claim("two seeds", [.1, .2]), every("every", [[.1, .2, .06], [.2, .3, .02]]), claim("interval", Interval(.1, -.1, .3, 5)),
            claim("agree", cells(lambda n: np.zeros(n), (1, 0), 3))]
    lines = with_seeds(judge(page), page).set_index("claim")
    need = lines.seeds_needed
    assert need[["large", "two seeds"]].isna().all() and need["none"] == np.inf and lines.why["none"] == "at most +2.5 points, with 95% confidence"
    assert 3 < need["some"] <= need["every"] < 40 and need["agree"] == 9 and need["interval"] == seeds_needed(Interval(.1, -.1, .3, 5), level=.05/7)
    assert with_seeds(judge(page, "smoke"), page).seeds_needed.isna().all()
    alone = with_seeds(judge(page[-1:]), page[-1:])
    assert alone.seeds_needed[0] == 6, "six seeds that agree"
