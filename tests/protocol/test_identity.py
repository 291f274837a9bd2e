"""A stage is found again by its hash: what the code named before later mixers and settings came, it names so still."""
import pytest
from helpers import without_numerics

from spt_nb.models.mixer import MIXERS
from spt_nb.protocol.recipes import recipe
from spt_nb.protocol.stages import TaskSpec
from spt_nb.protocol.trials import trial

HASHES = { # of the fine-tunings of copy_match at scale smoke, one for each learning rate
    ("attention", "masked"): ["d5f6df5ce9507ad5", "5b9130359037f04e"],
    ("attention", "scratch"): ["20e9d83a1876a9b3", "55efd18e141173f4"],
    ("transformer", "masked"): ["920f05fa4842f2b5", "e773f357b377ceba"],
    ("transformer", "scratch"): ["1eac2af29d0ae238", "758ae54bcadff164"],
    ("rotary", "masked"): ["ebd927153768bebf", "2e91d15b9d0ec3e8"],
    ("rotary", "scratch"): ["65dbb8ea759f901c", "9d4340d5b5d59453"],
    ("s4", "masked"): ["e29895aa2900bbb2", "dfd26a3f09882e94"],
    ("s4", "scratch"): ["aef52ac6acfef6cd", "720880c750e3faf4"],
    ("s4d", "masked"): ["36a61f0c513a69fe", "1e876eb01129a5bd"],
    ("s4d", "scratch"): ["6a9a3fdb308f0d69", "9a793bdb34580566"],
    ("dlr", "masked"): ["cb53fe49b16e361c", "8aa7189e95e9d93d"],
    ("dlr", "scratch"): ["2069236a8d6e4bc1", "6bea57b8d897316d"],
}


def stages(mixer, init):
    "The fine-tunings of one cell."
    task = TaskSpec(name="copy_match")
    return trial(task, init, 0, recipe(task.name, mixer, "smoke", init, mask_ratio=.5)[0]).candidates


@pytest.mark.parametrize("mixer,init", HASHES, ids="-".join)
def test_a_stage_is_named_as_before(mixer, init):
    assert [without_numerics(s) for s in stages(mixer, init)] == HASHES[mixer, init]


def test_the_numerics_version_is_part_of_the_name():
    stage = stages("dlr", "masked")[0]
    other = stage.but(numerics=stage.numerics | dict(models=stage.numerics["models"] + 1))
    assert other.hash != stage.hash and without_numerics(other) == without_numerics(stage)


def test_no_two_mixers_share_a_name():
    hashes = [s.hash for mixer in MIXERS for init in ("masked", "scratch") for s in stages(mixer, init)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("init", ["masked", "scratch", "causal"])
def test_mlstm_is_built_from_its_recipe(init):
    spec = stages("mlstm", init)[0].model
    model = spec.build(0, spec.arguments(32, n_outputs=2, vocab_size=12))
    assert {(type(b.mixer), b.mixer.causal) for b in model.blocks} == {(MIXERS["mlstm"], init == "causal")}
