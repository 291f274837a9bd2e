"A step reuses what the one before discretised, and nothing that is out of date."
import copy
import functools

import pytest
import torch
from helpers import step_by_step

from spt_nb.core import SptError
from spt_nb.models import DLR, LRU, S4, S4D, S5
from spt_nb.models.hippo import State

LAYERS = {"s4": functools.partial(S4, d_state=16), "s4d": S4D, "dlr": functools.partial(DLR, d_state=32), "lru": LRU, "s5": S5}
layers = pytest.mark.parametrize("name", LAYERS)


def build(name):
    torch.manual_seed(0)
    return LAYERS[name](8, causal=True)


def counted(m):
    "The rates at which a layer is discretised from now on."
    rates, discrete = [], m.discrete
    def count(rate):
        rates.append(rate)
        return discrete(rate)
    m.discrete = count
    return rates


@layers
@torch.inference_mode()
def test_the_system_is_discretised_once_for_each_rate(name):
    m, x = build(name), torch.randn(2, 5, 8)
    rates, state = counted(m), m.init_state(2)
    for rate in (1., .5, .5, 1.):
        y, state = step_by_step(m, x, state, rate=rate)
    assert rates == [1., .5, 1.]


@layers
def test_steps_are_the_whole_after_a_long_prefill_and_over_many_steps(name):
    m, x = build(name), torch.randn(1, 3000, 8)
    with torch.inference_mode():
        whole, (first, state) = m(x), m(x[:, :1000], state=m.init_state(1))
        steps = step_by_step(m, x[:, 1000:], state)[0]
    assert (torch.cat([first, steps], 1) - whole).abs().max() < 1e-5*whole.abs().max()


@layers
def test_new_weights_count_from_the_next_step_that_records_gradients(name):
    m, x = build(name), torch.randn(2, 3, 8)
    with torch.no_grad():
        _, state = step_by_step(m, x, m.init_state(2))
    for p in m.parameters():
        p.data.mul_(1.1)
    assert torch.equal(m.step(x[:, 0], state)[0], m.step(x[:, 0], State(state.x))[0])
    with torch.no_grad():
        assert torch.equal(m(x, state=state)[0], m(x, state=State(state.x))[0])


@layers
def test_an_optimiser_steps_between_two_positions(name):
    m, x = build(name), torch.randn(2, 4, 8)
    opt, (y, state) = torch.optim.SGD(m.parameters(), .01), m(x[:, :2], state=m.init_state(2))
    for x_t in x[:, 2:].unbind(1):
        y, state = m.step(x_t, State(state.x.detach()))
        opt.zero_grad()
        y.square().sum().backward()
        assert all(p.grad.abs().max() > 0 for p in m.parameters())
        opt.step()


@layers
@torch.no_grad()
def test_a_state_can_be_copied_and_used_twice(name):
    m, x = build(name), torch.randn(2, 5, 8)
    state = step_by_step(m, x, m.init_state(2))[1]
    other, before = copy.deepcopy((m, state)), state.x.clone()
    first = step_by_step(m, x, state)[0]
    assert torch.equal(state.x, before)
    assert torch.equal(step_by_step(m, x, state)[0], first) and torch.equal(step_by_step(other[0], x, other[1])[0], first)


@layers
def test_a_step_names_a_bad_rate_and_a_wrong_batch(name):
    m, x = build(name), torch.randn(3, 8)
    with torch.no_grad():
        state = m.step(x, m.init_state(3))[1]
        with pytest.raises(SptError, match="rate is -1; allowed: positive numbers"):
            m.step(x, state, rate=-1)
        with pytest.raises(SptError, match="state is of 3 sequences; allowed: of 1, as x is"):
            m.step(x[:1], state)
