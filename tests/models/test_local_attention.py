"""Sliding attention: exact for every window, length, end and type, and linear in time and memory."""

import itertools

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from spt_nb.core import SptError
from spt_nb.models.local_attention import alibi_slopes, window_attention

EITHER = (False, True)
PAIRS = list(itertools.product(EITHER, EITHER))


def dense(q, k, v, window, causal=False, alibi=False):
    "A softmax over all scores, in float64."
    q, k, v = q.double(), k.double(), v.double()
    back = torch.arange(k.shape[2] - q.shape[2], k.shape[2])[:, None] - torch.arange(k.shape[2])
    scores = q @ k.mT/q.shape[-1]**.5 - alibi*alibi_slopes(q.shape[1])[:, None, None]*back.abs()
    return scores.masked_fill((back.abs() > window) | (back < 0) & causal, -torch.inf).softmax(-1) @ v


def heads(B, L, dtype=torch.float32, H=2, d=8):
    "Queries, keys and values, strided as a layer makes them."
    torch.manual_seed(L)
    return [x.requires_grad_() for x in torch.randn(B, L, 3, H, d, dtype=dtype).permute(2, 0, 3, 1, 4).unbind()]


def both(ours, exact, inputs):
    "Outputs and the three gradients, ours and exact."
    weights = torch.cos(torch.arange(exact.numel()).view(exact.shape))
    return [(y, *torch.autograd.grad((y*weights.to(y.dtype)).sum(), inputs)) for y in (ours, exact)]


@pytest.mark.parametrize("window", [1, 15, 16, 17, 31, 33, 64, 130])
@pytest.mark.parametrize("causal,alibi", PAIRS)
def test_a_window_equals_a_masked_softmax(window, causal, alibi):
    for L in (2, 33, 129, 200, 520):
        x = heads(2, L)
        y, expected = window_attention(*x, window, causal, None, alibi), dense(*x, window, causal, alibi)
        for ours, exact in zip(*both(y, expected, x)):
            assert (ours - exact).abs().max() < 5e-6*exact.abs().max().clamp(min=1)


@pytest.mark.parametrize("causal", EITHER)
def test_a_window_in_several_chunks_equals_a_masked_softmax(causal):
    x = heads(1, 1100)
    for window in (150, 200):
        for ours, exact in zip(*both(window_attention(*x, window, causal), dense(*x, window, causal), x)):
            assert (ours - exact).abs().max() < 5e-6*exact.abs().max().clamp(min=1)


@pytest.mark.parametrize("causal,alibi", PAIRS)
def test_padding_is_not_read_and_gets_no_gradient(causal, alibi):
    lengths = [150, 67, 1, 0]
    x = heads(4, 150, torch.float64)
    pad = (torch.arange(150) >= torch.tensor(lengths)[:, None])[:, None, :, None]
    x = [z.detach().masked_fill(pad, torch.nan).requires_grad_() for z in x]
    y = window_attention(*x, 20, causal, torch.tensor(lengths), alibi)
    grads = torch.autograd.grad(y.square().sum(), x)
    for i, n in enumerate(lengths):
        alone = [z[i:i+1, :, :n].detach().requires_grad_() for z in x]
        exact = dense(*alone, 20, causal, alibi)
        assert not y[i, :, n:].any()
        torch.testing.assert_close(y[i:i+1, :, :n], exact)
        for g, e in zip(grads, torch.autograd.grad(exact.square().sum(), alone)):
            torch.testing.assert_close(g[i:i+1, :, :n], e)
            assert not g[i, :, n:].any()


@pytest.mark.parametrize("causal", EITHER)
@pytest.mark.parametrize("n", [1, 3, 40, 119])
def test_the_last_queries_alone_give_the_end_of_the_whole(causal, n):
    q, k, v = x = heads(2, 120, torch.float64)
    for window in (5, 50):
        y, whole = window_attention(q[:, :, -n:], k, v, window, causal), dense(*x, window, causal)
        for a, b in zip(*both(y, whole[:, :, -n:], x)):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("causal,alibi", PAIRS)
def test_the_fused_way_of_other_devices_agrees(causal, alibi):
    x = heads(2, 300, torch.float64)
    with sdpa_kernel(SDPBackend.MATH):
        y = window_attention(*x, 20, causal, None, alibi)
        fused = [y, *torch.autograd.grad(y.square().sum(), x, create_graph=True)]
        torch.autograd.grad(fused[1].square().sum(), x)  # Has second derivatives
    y = dense(*x, 20, causal, alibi)
    for a, b in zip(fused, [y, *torch.autograd.grad(y.square().sum(), x)]):
        torch.testing.assert_close(a, b)


def test_a_second_derivative_is_refused_in_words():
    x = heads(1, 200)
    grad, *_ = torch.autograd.grad(window_attention(*x, 9).square().sum(), x, create_graph=True)
    with pytest.raises(SptError, match="reaches WindowAttend.*allowed: under torch.nn.attention.sdpa_kernel"):
        grad.sum().backward()


def test_bfloat16_is_computed_in_float32_and_autocast_changes_nothing():
    x = heads(1, 200)
    low = [z.detach().bfloat16().requires_grad_() for z in x]
    y = window_attention(*low, 20)
    assert y.dtype == torch.bfloat16 and (y - dense(*low, 20)).abs().max() < 2**-8*y.abs().max()
    with torch.autocast("cpu", torch.bfloat16):
        for ours, exact in zip(*both(window_attention(*x, 20), dense(*x, 20), x)):
            assert ours.dtype == torch.float32 and (ours - exact).abs().max() < 2e-5


@pytest.mark.parametrize("fused", EITHER)
def test_twice_the_length_moves_twice_the_numbers(fused):
    "Counts what all operations write; gradients of slices, padded to the whole length, would make it four times."
    from torch.utils._python_dispatch import TorchDispatchMode

    class Written(TorchDispatchMode):
        n = 0
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            outs = out if isinstance(out, (tuple, list)) else [out]
            self.n += sum(y.numel() for y in outs if isinstance(y, torch.Tensor) and not func.is_view)
            return out

    def written(L):
        x = heads(1, L)
        backends = [SDPBackend.MATH] if fused else [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]
        with Written() as seen, sdpa_kernel(backends):
            window_attention(*x, 32).sum().backward()
        return seen.n
    assert 1.9 < written(4096)/written(2048) < 2.1
