"""Time left: plans are played in simulated time, and the estimate is held against what then happens."""
import heapq
import random
from types import SimpleNamespace

import pytest

from spt_nb.runs.progress import headline, makespan, plan, plan_line, time_left

SPEED = dict(attention=.001, dlr=.004, s4=.0125)  # seconds of a sequence


def grid(mixers=("attention", "dlr"), seeds=3, rates=2, steps=(300, 700, 400, 300), batches=(64,)):
    "The stages of a comparison: scratch, matched scratch, pretraining and fine-tuning, with a test of each row."
    made = []

    def stage(title, kind, mixer, steps, batch, needs=()):
        made.append(SimpleNamespace(hash=f"{len(made):016x}", title=title, kind=kind, steps=steps, needs=needs, pace=(mixer, kind, batch)))
        return made[-1]

    def trial(mixer, how, seed, steps, needs=()):
        fits = [stage(f"{mixer} {how}, {steps * 64 // b} steps, lr 1e-{r}, seed {seed}", "finetune", mixer, steps * 64 // b, b, needs)
                for r in range(rates) for b in batches]
        stage(f"test of {fits[0].title}", "trial", mixer, 0, 1, tuple(fits))
    for mixer in mixers:
        for seed in range(seeds):
            trial(mixer, "from scratch", seed, steps[0])
            trial(mixer, "from scratch", seed, steps[1])
            trial(mixer, "masked fine-tuning", seed, steps[3], (stage(f"{mixer} masked pretraining, seed {seed}", "pretrain", mixer, steps[2], 64),))
    return plan([s for s in made if s.kind == "trial"])


def played(stages, workers, stops=lambda s: s.steps, extra=(.3, .4), noise=.1):
    "When each stage begins and ends: hash -> (begin, start of training, seconds of a step, steps, end)."
    draw, done, free, left, times = random.Random(0), {}, [(0., i) for i in range(workers)], list(stages), {}
    while left:
        now, worker = heapq.heappop(free)
        s = next((s for s in left if all(done.get(n.hash, 1e99) <= now for n in s.needs)), None)
        if s is None:
            heapq.heappush(free, (min(t for t in done.values() if t > now), worker))
            continue
        left.remove(s)
        step = SPEED[s.pace[0]] * s.pace[2] * draw.lognormvariate(0, noise)
        at = now + extra[not s.steps] * draw.lognormvariate(0, noise)
        times[s.hash] = now, at, step, stops(s), at + step * stops(s)
        done[s.hash] = times[s.hash][-1]
        heapq.heappush(free, (done[s.hash], worker))
    return times, max(done.values())


def rows_at(stages, times, now):
    "What `look` would give at a moment."
    rows = []
    for s in stages:
        begin, at, step, steps, end = times[s.hash]
        taken = min(steps, int(max(0, now - at) / step)) if s.steps else 0
        state = "done" if now >= end else "running" if now >= begin else "waiting"
        seconds, extra = (taken * step, at - begin) if taken or state == "done" else (None, None)
        rows.append(plan_line(s) | dict(state=state, step=s.steps if state == "done" else taken, worked=taken or None, seconds=seconds,
                                        extra=extra, why="", best=None, curve=[]))
    return rows


def errors(stages, workers, **how):
    "Estimate over truth at parts of the time."
    times, end = played(stages, workers, **how)
    return {part: time_left(rows_at(stages, times, part * end), workers)[0] / (end - part * end) for part in (.1, .15, .25, .5, .75, .9)}


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
@pytest.mark.parametrize("what", [dict(), dict(mixers=("attention", "dlr", "s4")), dict(batches=(8, 32, 128), rates=1), dict(steps=(3000, 7000, 4000, 3000)),
                                  dict(seeds=9, rates=1), dict(steps=(30, 70, 40, 30))], ids=str)
def test_time_left_is_within_a_fifth_after_a_tenth(what, workers):
    found = errors(grid(**what), workers)
    assert all(.8 < ratio < 1.2 for ratio in found.values()), found


def solved(s):
    "One model solves the task early, from scratch and after pretraining; another only after pretraining."
    early = s.pace[1] == "finetune" and (s.pace[0] == "dlr" or "masked" in s.title)
    return min(s.steps, 150) if early else s.steps


def test_stages_that_stop_early_are_learned_from():
    found = errors(grid(seeds=6), 2, stops=solved)
    assert all(.8 < found[part] < 1.2 for part in (.5, .75, .9)) and found[.1] < 1.6, found


def test_the_order_measures_every_model_first():
    stages = grid(("attention", "dlr", "s4"))
    assert [s.pace[0] for s in stages[:3]] == ["attention", "dlr", "s4"] and {s.steps for s in stages[:3]} == {300}
    assert len({s.hash for s in stages}) == len(stages)
    place = {s.hash: i for i, s in enumerate(stages)}
    assert all(place[n.hash] < place[s.hash] for s in stages for n in s.needs)


def test_finished_stages_of_earlier_runs_tell_the_speed():
    stages = grid(("dlr",), seeds=2)
    times, end = played(stages, 1)
    rows = rows_at(stages, times, .5 * end)
    done, rest = [r for r in rows if r["state"] == "done"], [r | dict(seconds=None, worked=None) for r in rows if r["state"] != "done"]
    assert time_left(rest, 1) is None and time_left(rest, 1, done)[0] == pytest.approx(.5 * end, rel=.2)


def test_a_model_that_has_not_begun_makes_the_estimate_a_guess():
    stages = grid(("attention", "s4"), seeds=1)
    times, end = played(stages, 1)
    rows = rows_at(stages, times, .1)
    rows = [r | dict(state="running", worked=10, seconds=.64, step=10) if r["title"] == stages[0].title else r for r in rows]
    assert not time_left(rows, 1)[1] and "about" in headline(rows, 1)


@pytest.mark.parametrize("workers, seconds", [(1, 12.), (2, 7.), (3, 5.)])
def test_workers_share_a_plan_and_wait_for_what_a_stage_needs(workers, seconds):
    needs = dict(pretrain=[], a=[], b=[], finetune=["pretrain"])
    assert makespan(needs, dict(pretrain=4., a=3., b=4., finetune=1.), workers) == seconds


def test_a_stage_without_time_does_not_stop_the_workers():
    assert makespan(dict(a=[], b=["a"], c=["b"]), dict(a=0., b=0., c=1.), 2) == 1.
