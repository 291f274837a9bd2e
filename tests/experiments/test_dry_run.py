"""A plan without data: every page, no traces, and the numbers of the paper in all that claims to reproduce it."""
import re

import pytest

from spt_nb.protocol import cost as speed
from spt_nb.core import SptError, cache_dir, runs_dir
from spt_nb.experiments.dry_run import designs, plan_table, planned
from spt_nb.protocol.paper import paper_numbers
from spt_nb.experiments.pages import PLACES, experiments, short

pytestmark = pytest.mark.slow

PAGES = [short(p) for p in experiments()]
LINES = [{k: v for k, v in line.items() if v == v and v != ""} for line in paper_numbers().to_dict("records")]


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))


@pytest.mark.parametrize("page", PAGES)
def test_a_plan_of_every_page_has_all_its_stages_and_leaves_nothing(page, monkeypatch):
    monkeypatch.setattr("spt_nb.protocol.cost.speed", lambda *a: 1e12)
    plans = designs(page, "smoke")
    assert not runs_dir().exists() and not cache_dir().exists()
    table = plan_table(plans)
    stages = {s.hash for _, _, c in planned(plans) for t in c.trials.values() for x in t.candidates
              for s in (x, x.pretrain) if s and getattr(s, "train", None)}
    assert table.runs.sum() == len(stages) and (table.hours > 0).all() and (table.sequences > 0).all()
    assert not runs_dir().exists() and not cache_dir().exists()


def inits(line):
    "The rows of a comparison that a line of the file is about."
    kind, _, random = line.get("init", "").partition("+")
    return {"scratch": ("scratch-converged", "scratch"), "masked": ("masked",), "causal": ("causal",)}.get(kind, ()), bool(random)


@pytest.mark.parametrize("page", sorted({p.page for p in PLACES}))
def test_what_reproduces_the_paper_has_the_numbers_of_the_paper(page):
    found = 0
    for _, a, c in planned(designs(page, "paper")):
        for (mixer, init, seed), t in c.trials.items():
            if seed or page == "size":
                continue
            start, _, random = init.partition("+")
            random = random or a.get("weights", "structured") != "structured"
            variant = a.get("variant") or a.get("target")
            for line in LINES:
                kinds, wants_random = inits(line)
                if (line["task"], line["model"]) != (a["task"], mixer) or start not in kinds or wants_random != bool(random) or line.get("variant") not in (None, variant):
                    continue
                if variant == "data-scale" and "variant" not in line and mixer == "s4":
                    continue
                pre = t.candidates[0].pretrain
                trains = [pre.train] if line["phase"] == "pretrain" else [x.train for x in t.candidates]
                found += 1
                if "lr" in line:
                    assert line["lr"] in {x.lr for x in trains}, (line, {x.lr for x in trains})
                if "batch_size" in line and page != "compute":
                    assert {x.batch_size for x in trains} == {line["batch_size"]}, line
                if "steps" in line:
                    assert {x.steps for x in trains} == {line["steps"]}, line
                if line["phase"] == "pretrain" and "mask_ratio" in line and pre.objective == "masked":
                    assert pre.mask_ratio == line["mask_ratio"]
    assert found or page in ("language_model", "compute", "size")


@pytest.mark.parametrize("place", PLACES, ids=lambda p: p.place)
def test_every_place_of_the_paper_has_a_command_that_plans_it(place):
    page, scale, tasks = re.fullmatch(r"spt experiment (\w+) --scale (\w+)(?: --tasks (\w+))?", place.command).groups()
    plans = designs(page, scale, **(dict(tasks=[tasks]) if tasks else {}))
    assert page == place.page and scale == "paper" and place.differs and any(d.cells for d in plans)


def test_figure_3_has_a_budget_that_does_not_depend_on_the_data():
    t = plan_table(designs("data", "paper"), "h200").query("mixer == 's4' and stage == 'pretrain'").set_index("task")
    assert t.steps["image"] == (10_000,) and t.batch["image"] == (50,) and t.rates["image"] == (1e-2,)
    assert t.steps["text"] == (40_000,) and t.batch["text"] == (8,) and t.runs["text"] == 18


def test_bidmc_has_three_targets_with_numbers_of_their_own():
    assert {"bidmc RR", "bidmc HR", "bidmc SpO2", "speech"} <= {label[0] for label, *_ in planned(designs("real_data", "paper"))}
    t = plan_table(designs("real_data", "paper", tasks=["bidmc"]), "h200").query("stage == 'scratch' and mixer == 's4'")
    assert {(task, r) for task, r in zip(t.task, t.rates)} >= {("bidmc RR", (1e-2,)), ("bidmc HR", (1e-3,)), ("bidmc SpO2", (1e-2,))}


def test_measured_speeds_are_those_that_are_published(pytestconfig):
    assert (pytestconfig.rootpath / "figures/gpu/cost.csv").read_bytes() == (pytestconfig.rootpath / "spt_nb/gpu_cost.csv").read_bytes()
    with pytest.raises(SptError, match="speed is 'h100'; allowed: h200"):
        speed.speed("h100", "listops", "s4", "fp32", None, 1, 1)


def test_an_own_class_inherits_at_paper_scale(tmp_path, call):
    (tmp_path / "mine.py").write_text("from torch import nn\nclass Mine(nn.Module):\n    def __init__(self, d_model):\n        super().__init__()\n"
                                      "        self.map = nn.Linear(d_model, d_model)\n    def forward(self, x): return self.map(x)\n")
    status, out, err = call("compare", "--task", "listops", "--mixers", "mine.py:Mine,s4", "--inits", "masked", "--scale", "paper", "--seeds", "1", "--dry-run", "--speed", "h200", cwd=tmp_path)
    assert status == 0, err
    mine, s4 = (next(line for line in out.splitlines() if m in line and "pretrain" in line) for m in ("Mine", "s4"))
    assert "75k" in mine and "75k" in s4 and "128x8" in mine and "inherited from listops, s4: paper Table 5" in " ".join(out.split())
    assert {p.name for p in tmp_path.iterdir()} <= {"mine.py", "__pycache__"}
