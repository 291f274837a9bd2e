"""A stage is found again by its hash: what the code named before later mixers and settings came, it names so still."""
import pytest

from spt_nb.models.mixer import MIXERS
from spt_nb.recipes import recipe
from spt_nb.stages import TaskSpec
from spt_nb.trials import trial

HASHES = { # of the fine-tunings of copy_match at scale smoke, one for each learning rate
    ("attention", "masked"): ["a97e91459e97ba9c", "33c141487c196f80"],
    ("attention", "scratch"): ["c60cbffbb51ce2ad", "b738c74df21038ae"],
    ("transformer", "masked"): ["729f94067b13c84e", "3a7ea84c1fd95192"],
    ("transformer", "scratch"): ["6dd4efc04e3a56b9", "333a295d8078eaf1"],
    ("rotary", "masked"): ["5757eb787f42e89b", "136b90c4500aedec"],
    ("rotary", "scratch"): ["af090ee2dc1e1d6b", "68dbb73a704db117"],
    ("s4", "masked"): ["de6c5ac67a899f21", "a4870515684fdb7d"],
    ("s4", "scratch"): ["3fafec5c7f5957e7", "94b6d6e080245f9c"],
    ("s4d", "masked"): ["eaae2e309026c020", "e30eeaa6b63952ae"],
    ("s4d", "scratch"): ["08ed964fd2ca3ca8", "5bfef2754d6cdab2"],
    ("dlr", "masked"): ["14bc06b65d1f0229", "a1ca6946f4fac59d"],
    ("dlr", "scratch"): ["ebf6e7f57b8d52c1", "43597713e213f766"],
}


def stages(mixer, init):
    "The fine-tunings of one cell."
    task = TaskSpec(name="copy_match")
    return trial(task, mixer, init, 0, recipe(task.name, mixer, "smoke", init, mask_ratio=.5)[0]).candidates


@pytest.mark.parametrize("mixer,init", HASHES, ids="-".join)
def test_a_stage_is_named_as_before(mixer, init):
    assert [s.hash for s in stages(mixer, init)] == HASHES[mixer, init]


def test_no_two_mixers_share_a_name():
    hashes = [s.hash for mixer in MIXERS for init in ("masked", "scratch") for s in stages(mixer, init)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("init", ["masked", "scratch", "causal"])
def test_mlstm_is_built_from_its_recipe(init):
    spec = stages("mlstm", init)[0].model
    model = spec.build(0, spec.arguments(32, n_outputs=2, vocab_size=12))
    assert {(type(b.mixer), b.mixer.causal) for b in model.blocks} == {(MIXERS["mlstm"], init == "causal")}
