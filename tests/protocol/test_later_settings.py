"""Settings that came after the first results: stages that do not use them keep their names, those that do are built."""
import pytest
import torch
from helpers import without_numerics

from spt_nb.core import SptError
from spt_nb.models.attention import Attention
from spt_nb.models.convolution import WindowConv
from spt_nb.protocol.recipes import MODELS, recipe
from spt_nb.protocol.stages import TaskSpec
from spt_nb.protocol.trials import trial

HASHES = { # of models, and of fine-tunings without their numerics version
    ("transformer", "mini"): ("cf57a3f4692b7009", "f8775e6c2d91a9ef"),
    ("transformer", "paper"): ("4f4da0e3f7c674b9", "e01f9de63fac5656"),
    ("rotary", "mini"): ("c0299d2c8b301bcb", "a90e6667af2b7b95"),
    ("rotary", "paper"): ("b2b14c36d52d5c3a", "a3a42558b2378e50"),
    ("attention", "mini"): ("72ac54c29259c860", "56f2e4e63e1a3c52"),
    ("attention", "paper"): ("b2b14c36d52d5c3a", "a3a42558b2378e50"),
    ("s4", "mini"): ("db6d53197c434932", "1c3642abf62d8b60"),
    ("s4", "paper"): ("115839fd45361941", "75028f00dd457eab"),
    ("s4d", "mini"): ("9af3ddc560e3acd9", "fc9486d972d87940"),
    ("s4d", "paper"): ("1e96e3ac5eb9d766", "1eaf8802935a7959"),
    ("dlr", "mini"): ("d521948d29ac2a1b", "5ed404a5fd12daef"),
    ("dlr", "paper"): ("4b865ebb805a9a9e", "dd9c1cf547ef6ba0"),
}


def first(mixer, scale, task, **changes):
    "The first fine-tuning of a cell."
    return trial(TaskSpec(name=task), "masked", 0, recipe(task, mixer, scale, "masked", mask_ratio=.5, **changes)[0]).candidates[0]


@pytest.mark.parametrize("mixer,scale", HASHES, ids="-".join)
def test_a_stage_from_before_keeps_its_name(mixer, scale):
    stage = first(mixer, scale, dict(mini="copy_match", paper="pathx")[scale])
    assert (stage.model.hash, without_numerics(stage)) == HASHES[mixer, scale]


def test_a_window_that_is_set_makes_another_stage():
    for mixer in ("attention", "conv"):
        stages = [first(mixer, "mini", "copy_match", window=w) for w in (None, 3, 5)]
        assert len({s.hash for s in stages}) == 3
        assert [s.model.mixer_args.get("window") for s in stages] == [None, 3, 5]
    assert len({first("dlr", "mini", "copy_match", window=w).hash for w in (None, 3)}) == 1  # dlr has none


@pytest.mark.parametrize("scale,task", [("smoke", "dyck"), ("smoke", "pathx"), ("mini", "copy_match"), ("mini", "listops"), ("paper", "pathx")])
@pytest.mark.parametrize("mixer", [*MODELS, "conv"])
def test_every_name_is_built_at_every_scale(mixer, scale, task):
    spec = first(mixer, scale, task).model.but(n_layers=1)
    layer = spec.build(0, spec.arguments(64, n_outputs=2, vocab_size=4)).blocks[0].mixer
    if mixer == "conv":
        assert isinstance(layer, WindowConv) and layer.window == 4
    else:
        assert isinstance(layer, Attention)
        assert (layer.rotary, layer.alibi, layer.window) == (mixer in ("rotary", "sliding"), mixer == "alibi", 8 if mixer == "sliding" else None)


@pytest.mark.parametrize("changes,error", [(dict(positions="alibi"), "positions is 'alibi'; allowed with mixer 'dlr'"), (dict(window=0), "window")])
def test_what_cannot_be_is_named(changes, error):
    with pytest.raises(SptError, match=error) as e:
        stage = first("dlr", "mini", "copy_match", **changes)
        stage.model.build(0, stage.model.arguments(32, n_outputs=2, vocab_size=4))
    assert "\n" not in str(e.value)


def test_a_sliding_window_needs_memory_in_proportion_to_length():
    "The largest array that attention makes for twice the length is twice as large."
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        most = 0
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            for y in out if isinstance(out, (tuple, list)) else [out]:
                if isinstance(y, torch.Tensor):
                    self.most = max(self.most, y.numel())
            return out

    def largest(L, **kw):
        m = Attention(8, 1, **kw)
        with Largest() as seen:
            m(torch.randn(1, L, 8)).sum().backward()
        return seen.most
    for kw in (dict(window=8), dict(window=200), dict(window=8, alibi=True, rotary=False)):
        assert largest(8192, **kw) <= 2.1*largest(4096, **kw)
        assert largest(8192, **kw) < 8192**2/100
