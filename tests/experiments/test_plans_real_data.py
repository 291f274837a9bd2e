"""The plan on real data: fresh seeds, equal steps, the same thousand pictures with and without labels."""
from spt_nb.experiments.dry_run import designs, planned


def test_the_plan_is_fair_and_uses_fresh_seeds(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    (plan,) = designs("real_data", "mini", data_dir=str(tmp_path))
    assert {a["data_dir"] for a in plan.cells.values()} == {str(tmp_path / t) for t in ("mnist", "fashion_mnist")}
    cells = planned(plan)
    assert [label for label, *_ in cells] == [("mnist",), ("fashion_mnist",)]
    for _, _, c in cells:
        trials = {k: t.candidates for k, t in c.trials.items()}
        assert {seed for *_, seed in trials} == set(range(10, 15)), "seeds 0 and 1 chose the length of pretraining"
        for (mixer, init, seed), candidates in trials.items():
            longest, pre = max(x.train.steps for x in candidates), candidates[0].pretrain
            assert longest + (pre.train.steps if pre else 0) == 4800 and {x.train.lr for x in candidates} == {1e-3, 3e-3}
            assert all((x.task.fraction, x.task.draw) == (1000, seed) for x in candidates)
            assert pre is None or pre.task == candidates[0].task, "pretraining reads the pictures with labels and no others"
            positions = {"attention": "learned", "rotary": "rotary"}.get(mixer, "none")
            assert {x.model.positions for x in candidates} == {positions}
