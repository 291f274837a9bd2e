"""Settings that came after the first results: stages that do not use them keep their names, those that do are built."""
import pytest
import torch

from spt_nb.core import SptError
from spt_nb.models.attention import Attention
from spt_nb.models.window_conv import WindowConv
from spt_nb.recipes import MODELS, recipe
from spt_nb.stages import TaskSpec
from spt_nb.trials import trial

HASHES = { # of models and of fine-tunings, as stores hold them from before
    ("transformer", "mini"): ("cf57a3f4692b7009", "f0a2fc25f496c643"),
    ("transformer", "paper"): ("4f4da0e3f7c674b9", "5c11fe64b6854380"),
    ("rotary", "mini"): ("c0299d2c8b301bcb", "4c85791dfbfdcd37"),
    ("rotary", "paper"): ("b2b14c36d52d5c3a", "cbba3bc3874657a7"),
    ("attention", "mini"): ("72ac54c29259c860", "017dec15bc08c723"),
    ("attention", "paper"): ("b2b14c36d52d5c3a", "cbba3bc3874657a7"),
    ("s4", "mini"): ("db6d53197c434932", "c10c5d823d700e7d"),
    ("s4", "paper"): ("115839fd45361941", "b1bb5125a93db5b2"),
    ("s4d", "mini"): ("9af3ddc560e3acd9", "a370620ba6d1e3b7"),
    ("s4d", "paper"): ("1e96e3ac5eb9d766", "0a485b7566049e55"),
    ("dlr", "mini"): ("d521948d29ac2a1b", "580a02d92db059dc"),
    ("dlr", "paper"): ("4b865ebb805a9a9e", "fd9e5eb2156cbf00"),
}


def first(mixer, scale, task, **changes):
    "The first fine-tuning of a cell."
    return trial(TaskSpec(name=task), mixer, "masked", 0, recipe(task, mixer, scale, "masked", mask_ratio=.5, **changes)[0]).candidates[0]


@pytest.mark.parametrize("mixer,scale", HASHES, ids="-".join)
def test_a_stage_from_before_keeps_its_name(mixer, scale):
    stage = first(mixer, scale, dict(mini="copy_match", paper="pathx")[scale])
    assert (stage.model.hash, stage.hash) == HASHES[mixer, scale]


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
