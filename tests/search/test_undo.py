import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import any_problem, good_routes, new_chain, plain, state_of

seeds = st.integers(0, 10**6)


@pytest.mark.parametrize("size", [5, 9])
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_undo_puts_back_exactly_what_was_there_however_often(size, seed):
    problem = any_problem(seed, size)
    chain = new_chain(problem, seed, good_routes(problem, seed))
    for kept in (False, True, False, False):
        before, cost = state_of(chain), chain.counts[0].cost
        plain.ruin(chain)
        plain.recreate(chain)
        plain.change_kinds(chain)
        if not kept:
            plain.undo(chain)
            assert state_of(chain) == before
            assert chain.counts[0].cost == pytest.approx(cost)
