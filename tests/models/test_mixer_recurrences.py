"What recurrent layers promise: a sequence read in parts is the sequence, submodules are called, and edges are ordinary."
import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from spt_nb.core import SptError
from spt_nb.models import LRU, MLSTM, RGLRU, S5, Mamba
from spt_nb.models.hippo import State

LAYERS = LRU, S5, RGLRU, Mamba, MLSTM
layers = pytest.mark.parametrize("make", LAYERS)
rated = pytest.mark.parametrize("make", [m for m in LAYERS if m is not MLSTM])


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def moved(m):
    "The layer with parameters away from their start, as after training."
    with torch.no_grad():
        for p in m.parameters():
            p += .3*torch.randn_like(p)
    return m


def in_parts(m, x, sizes, state=None):
    "Chunks of these sizes, then single steps."
    state, ys = m.init_state(len(x)) if state is None else state, []
    *chunks, rest = x.split([*sizes, x.shape[1] - sum(sizes)], 1)
    for chunk in chunks:
        y, state = m(chunk, state=state)
        ys.append(y)
    for x_t in rest.unbind(1):
        y, state = m.step(x_t, state)
        ys.append(y[:, None])
    return torch.cat(ys, 1)


def row(z, i, size):
    "Row i of a state, on whichever axis the batch lies."
    if isinstance(z, State):
        return State(row(z.x, i, size))
    if not torch.is_tensor(z):
        return tuple(row(part, i, size) for part in z)
    axis = z.shape.index(size)
    return z.narrow(axis, i, 1)


def linears(m):
    "Names and modules of the linear maps; the gates of mLSTM, whose weights start at zero, come first."
    return sorted((name, part) for name, part in m.named_children() if isinstance(part, nn.Linear))


def one_step(m, x):
    return m.step(x[:, 0], m.init_state(len(x)))[0]


@layers
@pytest.mark.parametrize("causal", [True, False])
def test_a_causal_layer_is_causal_and_padding_never_matters(make, causal):
    m, x, lengths = moved(make(16, causal=causal)).double(), torch.randn(4, 300, 16).double(), [300, 171, 9, 1]
    y, later = m(x, torch.tensor(lengths)), x.clone()
    for i, n in enumerate(lengths):
        assert torch.allclose(y[i, :n], m(x[i:i+1, :n])[0], atol=1e-10)
    later[:, 200:] += 1
    assert torch.allclose(m(later)[:, :200], m(x)[:, :200], atol=1e-10) == causal


@layers
@pytest.mark.parametrize("causal", [True, False])
def test_gradients_reach_every_parameter(make, causal):
    m, w = moved(make(16, causal=causal)), torch.randn(3, 20, 16)
    (m(torch.randn(3, 20, 16))*w).sum().backward()
    assert all(p.grad.abs().max() > 0 for p in m.parameters())
    for L in (20, 300):  # Padding may be a whole row
        y = m(torch.randn(3, L, 16), torch.tensor([L, 3, 0]))
        assert all(z.isfinite().all() for z in (y, *torch.autograd.grad(y.sum(), list(m.parameters()))))


@pytest.mark.parametrize("make, count", [
    (LRU, 3*64 + 2*2*64*16 + 16 + 17*32), (S5, 3*32 + 2*2*32*16 + 16 + 17*16),
    (RGLRU, 17*(32 + 16) + 16*(4 + 1) + (4 + 1)*32 + 16), (Mamba, 16*(64 + 32) + 32*(4 + 1 + 33 + 1 + 1 + 16 + 1)),
    (MLSTM, 16*(4 + 1) + 17*(32 + 32 + 16 + 8) + 2*16)])
def test_number_of_parameters(make, count):
    assert sum(p.numel() for p in make(16, causal=True).parameters()) == count


@layers
def test_a_sequence_read_in_parts_is_the_whole(make):
    m, x = moved(make(16, causal=True)), torch.randn(5, 300, 16)
    whole = m(x)
    for sizes in [(0, 1, 2, 0, 280, 7), (300,), (), (150, 150)]:
        assert (in_parts(m, x, sizes) - whole).abs().max() < 1e-5*whole.abs().max()


@layers
def test_gradients_flow_from_part_to_part(make):
    m, x = make(16, causal=True).double(), torch.randn(5, 12, 16).double().requires_grad_()
    w = torch.randn(5, 12, 16).double()
    a, b = (torch.autograd.grad((y*w).sum(), [x, *m.parameters()]) for y in (m(x), in_parts(m, x, (3, 5))))
    for one, other in zip(a, b):
        assert torch.allclose(one, other, atol=1e-9)


@layers
@pytest.mark.parametrize("fresh", [True, False])
def test_with_lengths_each_row_has_the_state_after_its_own_end(make, fresh):
    m, lengths = moved(make(16, causal=True)), torch.tensor([20, 7, 2, 1, 0])
    x, later, start = torch.randn(5, 20, 16), torch.randn(5, 4, 16), m.init_state(5)
    if not fresh:
        start = m(torch.randn(5, 6, 16), state=start)[1]
    y, state = m(x, lengths, state=start)
    z = m(later, state=state)[0]
    for i, n in enumerate(lengths):
        alone = in_parts(m, torch.cat([x[i:i+1, :n], later[i:i+1]], 1), (), row(start, i, 5))[0]
        assert torch.allclose(torch.cat([y[i, :n], z[i]]), alone, atol=1e-5)


@pytest.mark.parametrize("make", [RGLRU, Mamba])
def test_a_convolution_of_one_position_has_nothing_to_hand_on(make):
    m, x = moved(make(16, width=1, causal=True)), torch.randn(5, 9, 16)
    assert torch.allclose(in_parts(m, x, (2, 4)), m(x), atol=1e-5)
    assert m(x, torch.full((5,), 3), state=m.init_state(5))[1][1].shape[:2] == (0, 5)


@layers
def test_wrong_states_are_refused(make):
    state = make(16, causal=True).init_state(2)
    with pytest.raises(SptError, match="causal is False; allowed with a state: True"):
        make(16)(torch.randn(2, 5, 16), state=state)
    for read in (lambda m, x: m(x, state=state), lambda m, x: m.step(x[:, 0], state)):
        with pytest.raises(SptError, match="state is of 2 sequences; allowed: of 3, as x is"):
            read(make(16, causal=True), torch.randn(3, 5, 16))


@pytest.mark.parametrize("make", [LRU, S5])
def test_at_rate_two_an_input_stands_for_two_steps(make):
    m, x = make(16, causal=True), torch.randn(3, 40, 16)
    y = m(x, rate=2)
    assert (y - m(x.repeat_interleave(2, 1))[:, 1::2]).abs().max() < 1e-5*y.abs().max()
    assert (y - m(x)).abs().max() > .01*y.abs().max()


def test_at_rate_two_gates_forget_twice():
    x = torch.randn(3, 16)
    m = RGLRU(16)
    (a, b), (a2, b2) = (m.gated(x, 0, rate) for rate in (1., 2.))
    assert torch.allclose(a2, a**2) and torch.allclose(b2, b*(1 + a**2).sqrt())
    m = Mamba(16)
    assert torch.equal(m.selected(torch.ones(3, 32), 0, 2.)[0], 2*m.selected(torch.ones(3, 32), 0)[0])


@rated
def test_a_rate_holds_for_chunks_steps_and_both_directions(make):
    m, x = make(16, causal=True), torch.randn(5, 9, 16)
    y, (first, state) = m(x, rate=.7), m(x[:, :8], state=m.init_state(5), rate=.7)
    assert torch.allclose(torch.cat([first, m.step(x[:, 8], state, rate=.7)[0][:, None]], 1), y, atol=1e-5)
    both = make(16)
    assert not torch.allclose(both(x, rate=.7), both(x), atol=1e-4)
    for rate in (0, -1., float("inf"), float("nan")):
        with pytest.raises(SptError, match="rate is .*; allowed: positive numbers"):
            m(x, rate=rate)


def test_eigenvalues_near_a_full_turn_turn_backwards():
    "An angle just below a full turn is a slow turn the other way, of which half a step is half."
    m = LRU(4, d_state=1, causal=True)
    with torch.no_grad():
        m.theta.fill_(6.28).log_()
        assert abs(m.system(.5)[0].angle().item() - (6.28 - 2*torch.pi)/2) < 1e-5
        m.nu.fill_(-40), m.theta.fill_(-40)  # An eigenvalue of 1
        once, twice = m.system()[1], m.system(2)[1]
    assert torch.allclose(twice, 2*once)


def test_gradients_at_another_rate():
    m = LRU(4, d_state=3, causal=True).double()
    parameters = [p.requires_grad_() for p in (m.nu, m.theta, m.gamma, m.B, m.C)]
    x = torch.randn(2, 5, 4).double()
    def run(*p):
        return torch.func.functional_call(m, dict(zip(("nu", "theta", "gamma", "B", "C"), p)), (x,), dict(rate=.6))
    assert torch.autograd.gradcheck(run, parameters)


@layers
def test_adapters_hooks_and_parametrizations_take_effect(make):
    m, x = make(16, causal=True), torch.randn(5, 9, 16)
    for name, part in linears(m):
        changed, calls = copy.deepcopy(m), []
        adapted = nn.Sequential(part, nn.Linear(part.out_features, part.out_features))
        adapted.register_forward_hook(lambda *_: calls.append(1))
        setattr(changed, name, adapted)
        assert (in_parts(changed, x, (4,)) - changed(x)).abs().max() < 1e-4 and len(calls) >= 6
        assert not torch.allclose(changed(x), m(x), atol=1e-3), name
    normed = copy.deepcopy(m)
    nn.utils.parametrizations.weight_norm(linears(normed)[-1][1]).parametrizations.weight.original0.data *= 2
    assert not torch.allclose(normed(x), m(x), atol=1e-3)
    assert torch.allclose(one_step(normed, x), normed(x)[:, 0], atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@layers
def test_linear_maps_may_be_lazy_or_quantised(make):
    m, x = make(16, causal=True), torch.randn(5, 9, 16)
    lazy = copy.deepcopy(m)
    for name, part in linears(m):
        setattr(lazy, name, nn.LazyLinear(part.out_features, bias=part.bias is not None))
    assert torch.allclose(one_step(lazy, x), lazy(x)[:, 0], atol=1e-5)
    small = torch.ao.quantization.quantize_dynamic(copy.deepcopy(m), {nn.Linear})
    assert not torch.equal(small(x), m(x)) and (small(x) - m(x)).abs().max() < .1*m(x).abs().max()
    assert one_step(small, x).isfinite().all()


@layers
@pytest.mark.parametrize("causal", [True, False])
def test_empty_and_single(make, causal):
    for B, L in [(0, 5), (0, 0), (2, 0), (0, 1), (2, 1)]:
        m, x = make(16, causal=causal), torch.randn(B, L, 16, requires_grad=True)
        for lengths in (None, torch.full((B,), L)):
            y = m(x, lengths)
            assert y.shape == x.shape
            y.sum().backward()
        if causal:
            y, state = m(x, torch.full((B,), L), state=m.init_state(B))
            assert y.shape == x.shape and m.step(torch.randn(B, 16), state)[0].shape == (B, 16)


@layers
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_in_half_precision(make, dtype):
    for causal in (True, False):
        m, x = make(16, causal=causal).to(dtype), torch.randn(3, 200, 16).to(dtype).requires_grad_()
        y = m(x)
        y.float().square().mean().backward()
        assert y.dtype == dtype and x.grad.dtype == dtype
        assert all(p.grad.isfinite().all() and p.grad.dtype == dtype for p in m.parameters())
        same = copy.deepcopy(m).float()(x.float()) # The same weights: what remains is the rounding of the linear maps
        assert (y.float() - same).abs().max() < .03*same.abs().max()
        if causal:
            assert (in_parts(m, x, (5, 100)).float() - same).abs().max() < .03*same.abs().max()


SLOW = {LRU: dict(r_min=.99, r_max=.9999), S5: dict(dt_min=1e-5, dt_max=1e-2)}


@layers
@torch.no_grad()
def test_the_recurrence_keeps_its_precision_under_autocast(make):
    m, x = make(16, **SLOW.get(make, {})), torch.randn(2, 4000, 16)
    with torch.autocast("cpu", torch.bfloat16):
        y = m(x)
    assert (y - m(x)).abs().max() < .06*m(x).abs().max()
    m, x = make(16, causal=True), torch.randn(5, 20, 16)
    with torch.autocast("cpu", torch.bfloat16):
        y, parts = m(x), in_parts(m, x, (10,))
    assert y.dtype == parts.dtype and (parts - y).abs().max() < .02*y.abs().max()


@layers
def test_float64_by_default(make):
    torch.set_default_dtype(torch.float64)
    try:
        m, x = make(16, causal=True), torch.randn(2, 9, 16)
        assert {p.dtype for p in m.parameters()} == {torch.float64}
        assert torch.allclose(in_parts(m, x, (3,)), m(x), atol=1e-12)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.slow
@layers
@pytest.mark.parametrize("use_reentrant", [True, False])
def test_checkpoints_give_the_same_gradients(make, use_reentrant):
    m, x = make(16), torch.randn(2, 9, 16, requires_grad=True)
    y = checkpoint(m, x, use_reentrant=use_reentrant)
    y.sum().backward()
    found = [p.grad for p in m.parameters()]
    assert all(map(torch.equal, found, torch.autograd.grad(m(x).sum(), list(m.parameters()))))


@layers
def test_a_second_derivative_is_refused_in_words(make):
    x = torch.randn(2, 9, 16, requires_grad=True)
    slope, = torch.autograd.grad(make(16)(x).square().sum(), x, create_graph=True)
    with pytest.raises(SptError, match="a second derivative reaches"):
        slope.sum().backward()


@layers
def test_tied_parameters_gather_both_gradients(make):
    a, x = make(16), torch.randn(2, 9, 16)
    b, name = copy.deepcopy(a), linears(a)[-1][0]
    assert torch.equal(a(x), b(x))
    setattr(b, name, getattr(a, name))
    grads = [torch.autograd.grad(y.sum(), getattr(a, name).weight)[0] for y in (a(x), b(a(x)), b(a(x).detach()))]
    assert (grads[1] - grads[2]).abs().max() > 1e-4 and not torch.equal(grads[0], grads[1])


@pytest.mark.slow
@layers
def test_compiled_and_exported(make):
    m, x = make(16, causal=True).eval(), torch.randn(2, 9, 16)
    assert torch.equal(torch.compile(m, backend="eager", fullgraph=True)(x), m(x))
    assert torch.allclose(torch.export.export(m, (x,)).module()(x), m(x), atol=1e-6)
