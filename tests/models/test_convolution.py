"""The convolution mixers in other people's hands: wrapped submodules, sizes and types at the edge, pieces of a sequence, sampling rates."""
import copy
import functools
import warnings

import pytest
import torch
from helpers import step_by_step
from torch import nn
from torch.utils.checkpoint import checkpoint

from spt_nb.core import SptError
from spt_nb.models import DLR, S4, S4D, WindowConv
from spt_nb.models.convolution import plain
from spt_nb.models.hippo import State

MIXERS = {
    "s4": functools.partial(S4, d_state=16), "s4 shared": functools.partial(S4, d_state=16, n_ssm=2),
    "s4d": S4D, "s4d bilinear": functools.partial(S4D, method="bilinear", n_ssm=2), "s4d dfout": functools.partial(S4D, init="dfout"),
    "s4d legs": functools.partial(S4D, init="legs"), "dlr": functools.partial(DLR, d_state=32), "conv": WindowConv}
SPACES = [name for name in MIXERS if name != "conv"]
every, spaces = pytest.mark.parametrize("name", MIXERS), pytest.mark.parametrize("name", SPACES)


def build(name, causal=True, **kw):
    torch.manual_seed(0)
    return MIXERS[name](8, causal=causal, **kw)


def x(*shape):
    return torch.randn(*shape, 8, generator=torch.Generator().manual_seed(1))


def close(a, b, eps=1e-5):
    assert a.shape == b.shape
    gap, scale = ((a - b).abs().max().item(), b.abs().max().item()) if a.numel() else (0, 0)
    assert gap <= eps * max(scale, 1), f"{gap:.1e} of {scale:.1e}"


def stands(state):
    "The numbers of a state, without the constants of a step."
    return state.x if isinstance(state, State) else state


# Submodules

class Adapter(nn.Module):
    "Low-rank adapter that shows the weights of its base, as those of peft do."
    def __init__(self, base):
        super().__init__()
        self.base, self.down, self.up, self.calls = base, nn.Linear(base.in_features, 2), nn.Linear(2, base.out_features), 0
    weight, bias = property(lambda self: self.base.weight), property(lambda self: self.base.bias)

    def forward(self, x):
        self.calls += 1
        return self.base(x) + self.up(self.down(x))


@every
def test_an_adapter_around_out_is_used_once(name):
    m = build(name)
    before = m(x(2, 9))
    m.out = Adapter(m.out)
    after = m(x(2, 9))
    assert m.out.calls == 1 and not torch.allclose(before, after)
    close(step_by_step(m, x(2, 9), m.init_state(2))[0], after)
    after.sum().backward()
    assert m.out.up.weight.grad.abs().sum() > 0


@every
@pytest.mark.parametrize("part", ["out", "drop"])
def test_hooks_are_called_once(name, part):
    m, seen = build(name), []
    y, module = m(x(2, 9)), getattr(m, part)
    module.register_forward_hook(lambda *_: seen.append("forward"))
    module.register_forward_pre_hook(lambda *_: seen.append("before"))
    module.register_full_backward_hook(lambda *_: seen.append("backward"))
    z = m(x(2, 9).requires_grad_())
    close(z, y)
    z.sum().backward()
    assert sorted(seen) == ["backward", "before", "forward"]


@every
def test_weight_norm_and_quantised_copies_are_called(name):
    for wrap in (nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm, nn.utils.weight_norm):
        m = build(name).eval()
        with warnings.catch_warnings(action="ignore"): wrap(m.out)
        assert not plain(m.out)
        close(m(x(2, 5)).sum(), nn.functional.glu(m.out(hidden(m, x(2, 5))), -1).sum())
    m = build(name)
    y = m(x(2, 9))
    with warnings.catch_warnings(action="ignore"): q = torch.ao.quantization.quantize_dynamic(m, {nn.Linear}, dtype=torch.qint8)
    close(q(x(2, 9)), y, .1)
    assert not torch.equal(q(x(2, 9)), y)


def hidden(m, x):
    "What `out` gets."
    kept, out = [], m.out
    handle = out.register_forward_pre_hook(lambda module, given: kept.append(given[0]))
    m(x)
    handle.remove()
    return kept[0]


def test_what_is_not_plain():
    "Weights of a class of their own, a `forward` put on the layer, and hooks on all modules; a hook that is gone again is."
    class Packed(torch.Tensor): pass
    layer = nn.Linear(4, 8)
    layer.weight = nn.Parameter(layer.weight.detach().as_subclass(Packed))
    assert not plain(layer)
    layer = nn.Linear(4, 8)
    layer.forward = lambda x: x
    assert not plain(layer) and plain(layer := nn.Linear(4, 8))
    for register in (nn.modules.module.register_module_forward_hook, nn.modules.module.register_module_forward_pre_hook):
        handle = register(lambda *_: None)
        assert not plain(layer)
        handle.remove()
        assert plain(layer)


@every
def test_lazy_and_biasless_outputs(name):
    m = build(name)
    m.out = nn.LazyLinear(16)
    assert m(x(2, 5)).shape == (2, 5, 8) and plain(m.out)
    m.out = nn.Linear(8, 16, bias=False)
    assert m(x(2, 5)).shape == (2, 5, 8)


# Types and sizes

@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("causal", [False, True])
def test_half_precision_weights(name, dtype, causal):
    exact, m = build(name, causal), build(name, causal).to(dtype)
    given = x(2, 9).to(dtype)
    y = m(given, torch.tensor([9, 4]))
    assert y.dtype == dtype
    close(y.float(), copy.deepcopy(m).float()(given.float(), torch.tensor([9, 4])), .02)
    y.float().sum().backward()
    assert all(p.grad.dtype == dtype and p.grad.isfinite().all() for p in m.parameters())
    assert exact(x(2, 9)).dtype == torch.float32
    if causal: close(step_by_step(m, given, m.init_state(2))[0].float(), m(given).float(), .02)


@every
def test_autocast_is_alike_for_wrapped_layers_pieces_and_steps(name):
    m, given = build(name), x(2, 20)
    with torch.autocast("cpu", torch.bfloat16):
        y, (z, state) = m(given), m(given[:, :12], state=m.init_state(2))
        pieces = torch.cat([z, step_by_step(m, given[:, 12:], state)[0]], 1)
        m.out.register_forward_hook(lambda *_: None)
        wrapped = m(given)
    assert {y.dtype, pieces.dtype, wrapped.dtype} == {torch.bfloat16}
    close(pieces.float(), y.float(), .02)
    close(wrapped.float(), y.float(), .02)


@every
def test_a_dropped_channel_is_the_same_for_a_wrapped_layer(name):
    m, results = build(name, dropout=.5), []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(m(x(4, 9)))
        m.out.register_forward_hook(lambda *_: None)
    close(*results)
    assert not torch.allclose(results[0], m.eval()(x(4, 9)))


@every
def test_float64_as_default(name):
    try:
        torch.set_default_dtype(torch.float64)
        m, given = build(name), torch.randn(2, 9, 8)
        assert {p.dtype for p in m.parameters()} == {torch.float64} and m(given).dtype == torch.float64
        close(step_by_step(m, given, m.init_state(2))[0], m(given), 1e-12)
    finally: torch.set_default_dtype(torch.float32)


@every
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(0, 5), (2, 0), (0, 0), (2, 1)])
def test_empty_batches_and_sequences(name, causal, shape):
    m, given = build(name, causal), x(*shape).requires_grad_()
    y = m(given)
    assert y.shape == given.shape
    y.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in m.parameters()) and given.grad.shape == given.shape
    if 0 in shape: assert all((p.grad == 0).all() for n, p in m.named_parameters())
    if causal: assert m(given, state=m.init_state(shape[0]))[0].shape == given.shape


# Pieces

@every
@pytest.mark.parametrize("sizes", [(40, 0, 1, 1, 7, 51), (1, 99), (100,), (0, 100), (17,) * 5 + (15,)])
def test_pieces_and_steps_equal_the_whole(name, sizes):
    m, given = build(name), x(2, 110)
    whole, state, out = m(given), m.init_state(2), []
    for piece in given[:, :100].split(list(sizes), 1):
        y, state = m(piece, state=state)
        out.append(y)
    assert stands(state).dtype == stands(m.init_state(2)).dtype and stands(state).shape == stands(m.init_state(2)).shape
    y, last = step_by_step(m, given[:, 100:], state)
    close(torch.cat([*out, y], 1), whole)
    close(stands(last), stands(step_by_step(m, given, m.init_state(2))[1]))


@every
def test_long_pieces(name):
    m, given = build(name), x(1, 5000)
    with torch.no_grad():
        whole, (a, state) = m(given), m(given[:, :3001], state=m.init_state(1))
        close(torch.cat([a, m(given[:, 3001:], state=state)[0]], 1), whole)


@every
def test_the_state_of_a_row_is_that_after_its_own_length(name):
    m, given, lengths = build(name), x(4, 20), torch.tensor([20, 7, 1, 0])
    _, first = m(x(4, 3), state=m.init_state(4))
    y, state = m(given, lengths, first)
    for i, n in enumerate(lengths.tolist()):
        own = stands(first)[i:i+1]
        alone, after = m(given[i:i+1, :n], state=State(own) if isinstance(first, State) else own)
        close(y[i:i+1, :n], alone)
        close(stands(state)[i:i+1], stands(after), 1e-6)


@every
def test_gradients_flow_through_pieces(name):
    results = []
    for sizes in ((30,), (11, 1, 18)):
        m, given, state, out = build(name).double(), x(2, 30).double().requires_grad_(), None, []
        state = m.init_state(2)
        for piece in given.split(list(sizes), 1):
            y, state = m(piece, state=state)
            out.append(y)
        torch.cat(out, 1).square().sum().backward()
        results.append([given.grad, *(p.grad for p in m.parameters())])
    for a, b in zip(*results): close(a, b, 1e-8)


@every
def test_a_wrong_state_is_refused(name):
    with pytest.raises(SptError, match="causal is False; allowed with a state: True"):
        build(name, causal=False)(x(2, 5), state=build(name).init_state(2))
    with pytest.raises(SptError, match="state is of 3 sequences; allowed: of 2, as x is"):
        build(name)(x(2, 5), state=build(name).init_state(3))


# Rates

@pytest.mark.parametrize("name", [name for name in SPACES if name.startswith("s4")])
@pytest.mark.parametrize("causal", [False, True])
def test_twice_the_samples_at_half_the_rate(name, causal):
    "Every second output for a smooth input is about that of the coarse one."
    m, t = build(name, causal), torch.linspace(0, 6, 601)
    with torch.no_grad():
        m.log_dt.fill_(-4.)
        fine = torch.sin(t[:, None] * torch.linspace(1, 3, 8))[None]
        coarse, matched, blind = m(fine[:, ::2]), m(fine, rate=.5)[:, ::2], m(fine)[:, ::2]
    assert (matched - coarse).abs().max() < .1 * coarse.abs().max() < (blind - coarse).abs().max()


@spaces
def test_a_rate_is_the_same_in_pieces_steps_and_kernels(name):
    m, given = build(name), x(2, 30)
    y, (a, state) = m(given, rate=.5), m(given[:, :11], state=m.init_state(2), rate=.5)
    b, state = m(given[:, 11:20], state=state, rate=.5)
    close(torch.cat([a, b, step_by_step(m, given[:, 20:], state, rate=.5)[0]], 1), y)
    assert not torch.allclose(m.kernel(30, rate=.5), m.kernel(30)) and torch.equal(m.kernel(30, rate=1.), m.kernel(30))
    with pytest.raises(SptError, match="rate is 0; allowed: positive numbers"): m(given, rate=0)


def test_dlr_at_another_rate_is_its_exponentials_there():
    m = build("dlr").double()
    assert torch.allclose(m.kernel(20, rate=2.), m.kernel(39)[..., ::2])


# Tools around a layer

@every
def test_copies_ties_and_checkpoints(name):
    m, given = build(name), x(2, 9).requires_grad_()
    assert torch.equal(copy.deepcopy(m)(given), m(given))
    gradient = torch.autograd.grad(m(given).square().sum(), given)[0]
    for reentrant in (False, True):
        again = torch.autograd.grad if not reentrant else None
        y = checkpoint(m, given, use_reentrant=reentrant)
        if again: g = again(y.square().sum(), given)[0]
        else:
            given.grad = None
            y.square().sum().backward()
            g = given.grad
        assert torch.equal(g, gradient)
    other = build(name)
    other.out.weight = m.out.weight
    nn.Sequential(m, other)(given).sum().backward()
    assert m.out.weight.grad is other.out.weight.grad


@every
def test_a_second_derivative_is_refused(name):
    m, given = build(name), x(2, 5).requires_grad_()
    gradient, = torch.autograd.grad(m(given).square().sum(), given, create_graph=True)
    with pytest.raises(SptError, match="second derivative.*allowed: differences of first derivatives"): gradient.sum().backward()


families = pytest.mark.parametrize("name", ["s4", "s4d", "dlr", "conv"])


@pytest.mark.slow
@families
def test_compiles_as_one_graph(name):
    "Whole sequences, pieces and steps, and their gradients."
    m, given = build(name), x(2, 40)
    state = m.init_state(2)
    torch._dynamo.reset()
    y = torch.compile(m, backend="eager", fullgraph=True)(given)
    close(y, m(given))
    ours, theirs = (torch.autograd.grad(z.square().sum(), list(m.parameters())) for z in (y, m(given)))
    for a, b in zip(ours, theirs): close(a, b)
    for call in (lambda x, s: m(x, state=s), lambda x, s: m.step(x[:, 0], s)):
        (y, after), (expected, last) = torch.compile(call, backend="eager", fullgraph=True)(given, state), call(given, state)
        close(y, expected), close(stands(after), stands(last))


@pytest.mark.slow
@families
def test_exports_with_any_batch(name):
    m, batch = build(name).eval(), torch.export.Dim("batch", min=1, max=64)
    exported = torch.export.export(m, (x(2, 40),), dynamic_shapes={"x": {0: batch}}).module()
    for B in (1, 5, 60): close(exported(x(B, 40)), m(x(B, 40)))
