"""The plan of deliveries: never a dead end, and hardly ever stricter than it has to be."""

from itertools import permutations

import pytest
import torch
from tensordict import TensorDict

import nco
from nco.envs.constraints.time_windows import TimeWindows
from nco.envs.constraints.timed_precedence import TimedPrecedence
from nco.envs.instances import to_problems, to_routes
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv


def hoarder(seed):
    """A policy that picks up as much as it may before it delivers anything, and goes home when it has to."""
    generator = torch.Generator().manual_seed(seed)

    def choose(instances, state, mask):
        score = torch.rand(mask.shape, generator=generator) + (instances["picked_up_at"] == 0)[:, None]
        score[..., 0] = -1.0
        return score.masked_fill(~mask, -2.0).argmax(dim=-1)

    return choose


@pytest.mark.parametrize(("size", "most"), [(10, 2), (50, 3)])
def test_whoever_picks_up_all_that_is_allowed_still_delivers_everything_in_time(play, size, most):
    env = preset("pdptw").env
    instances = preset("pdptw").generator(8, size, torch.Generator().manual_seed(1))
    episode = play(env, instances, 2, hoarder(1))
    assert env.done(episode.states[-1]).all()
    assert max(int((state.vehicles.slots[1][..., 1:] > 0).sum(dim=-1).max()) for state in episode.states) >= most
    for row, problem in enumerate(to_problems(instances)):
        for rollout in range(2):
            report = nco.check(problem, episode.routes(row, rollout))
            assert report.is_feasible(), report


def test_whatever_is_forbidden_leaves_no_order_in_which_everything_aboard_is_delivered_in_time(play):
    env = preset("pdptw").env
    instances = preset("pdptw").generator(3, 10, torch.Generator().manual_seed(4))
    episode, forbidden = play(env, instances, 1, hoarder(2)), 0
    for row, problem in enumerate(to_problems(instances)):
        path = episode.actions[row, 0].tolist()
        for step, mask in enumerate(episode.masks[:10]):
            begin = step - path[:step][::-1].index(0) if 0 in path[:step] else 0
            for client in set(range(1, 11)) - set(path[:step]):
                if not mask[row, 0, client] and (client <= 5 or client - 5 in path[begin:step]):
                    route, forbidden = [*path[begin:step], client], forbidden + 1
                    aboard = [k + 5 for k in route if k <= 5 and k + 5 not in route]
                    reports = (nco.check(problem, [[*route, *order]]) for order in permutations(aboard))
                    assert all({v.rule for v in report.violations} - {"visits"} for report in reports)
    assert forbidden > 20


@pytest.fixture
def two_pairs():
    """Depot at 0 of a line, client k at k; goods go from 1 to 3 and from 2 to 4; windows that never close."""
    tensors = {
        "locs": torch.tensor([[[float(k), 0.0] for k in range(5)]]),
        "demand": torch.zeros(1, 5),
        "capacity": torch.ones(1, 1),
        "scale": torch.ones(1),
        "picked_up_at": torch.tensor([[0, 0, 0, 1, 2]]),
        "opens": torch.zeros(1, 5),
        "closes": torch.full((1, 5), torch.inf),
        "service": torch.zeros(1, 5),
    }
    return TensorDict(tensors, batch_size=[1])


def masks(instances, most, *paths):
    """What may come after each path."""
    env = RoutingEnv([TimedPrecedence(most), TimeWindows()])
    found = []
    for path in paths:
        state = env.reset(instances, 1)
        for node in path:
            state = env.step(instances, state, torch.tensor([[node]]))
        found.append(env.action_mask(instances, state)[0, 0].nonzero()[:, 0].tolist())
    return found


def test_without_closing_times_only_the_order_of_pairs_counts(two_pairs):
    assert masks(two_pairs, 2, [], [1], [1, 2], [1, 2, 4], [1, 2, 4, 3]) == [[1, 2], [2, 3], [3, 4], [3], [0]]


def test_not_more_than_so_many_shipments_are_aboard_at_once(two_pairs):
    assert masks(two_pairs, 1, [1], [1, 3]) == [[3], [0, 2]]


def test_goods_come_aboard_only_if_those_aboard_and_the_way_home_are_still_in_time(two_pairs):
    two_pairs["closes"][0, 3] = 3.5  # 1, 3 at 3; 1, 2, 3 at 3; 2, 1, 3 at 5
    assert masks(two_pairs, 2, [], [1], [1, 2], [2]) == [[1, 2], [2, 3], [3], [4]]
    two_pairs["closes"][0, 0] = 7.5  # home at 8 after all four
    assert masks(two_pairs, 2, [1], [1, 3]) == [[3], [0]]


def test_an_open_route_needs_no_time_for_the_way_home(two_pairs):
    two_pairs["closes"][0, 0] = 4.5
    two_pairs["open"] = torch.tensor([[True]])
    assert masks(two_pairs, 2, [], [1], [1, 2]) == [[1, 2], [2, 3], [3]]
    assert to_routes(two_pairs, [1, 2, 3, 4])[0].visits == (1, 2, 3, 4)
