import torch

from nco.rollout import rollout
from nco.rollout.starts import FREE, NEAR, first_clients, first_pairs, sampled_starts, starting_at


def test_starts_are_the_first_clients_of_every_problem(drawn):
    assert first_clients(drawn(2, 5), 3).tolist() == [[[1], [2], [3]], [[1], [2], [3]]]


def test_there_is_at_most_one_start_per_client(drawn):
    assert first_clients(drawn(1, 4), 50).tolist() == [[[1], [2], [3], [4]]]


def test_tours_to_learn_from_begin_at_the_nearest_clients_in_turn(drawn):
    instances = drawn(3, 20, "ratsp")
    starts = sampled_starts(instances, 18)
    nearest = instances["distance"][:, 0, 1:].argsort(dim=1) + 1
    assert torch.equal(starts[..., 0], torch.cat([nearest[:, :NEAR], nearest[:, : 18 - NEAR]], dim=1))
    assert sampled_starts(instances[:, None][:, 0], 50).shape == (3, 20, 1)


def test_everything_else_to_learn_from_begins_at_the_first_clients(drawn):
    for name in ("rcvrp", "mdvrptw"):
        instances = drawn(3, 5, name)
        assert torch.equal(sampled_starts(instances, 4), first_clients(instances, 4))


def test_with_several_depots_clients_come_after_all_of_them(drawn):
    starts = first_clients(drawn(2, 5, "mdcvrp"), 50)
    assert starts.shape == (2, 5, 2)
    assert starts.amax(dim=-1).tolist() == [[3, 4, 5, 6, 7]] * 2


def test_with_several_depots_a_rollout_begins_at_the_one_that_is_nearest_to_its_first_client(drawn):
    instances = drawn(20, 5, "mdcvrp")
    starts = first_clients(instances, 5)
    nearest = torch.cdist(instances["locs"], instances["locs"])[:, 3:, :3].argmin(dim=-1)
    client = torch.arange(3, 8).expand(20, -1)
    first = nearest == 0  # the first vehicle is there already
    assert 0 < first.sum() < first.numel()
    assert torch.equal(starts[first], torch.stack([client[first], torch.full_like(client[first], FREE)], dim=-1))
    assert torch.equal(starts[~first], torch.stack([nearest[~first], client[~first]], dim=-1))


def test_depots_are_compared_by_the_given_distances_from_them(drawn):
    instances = drawn(1, 4, "mdcvrp")
    instances["distance"] = torch.ones(1, 7, 7)
    instances["distance"][0, 2, 3:] = 0.5  # from the last depot, not to it
    instances["distance"][0, 3:, 1] = 0.1
    assert starting_at(instances, torch.tensor([[6, 3]])).tolist() == [[[2, 6], [2, 3]]]


def test_a_rollout_begins_with_a_vehicle_that_can_serve_its_first_client(tiny_unified, drawn):
    _, env = tiny_unified("mdvrpl")
    instances = drawn(20, 5, "mdvrpl")
    instances["max_distance"] = instances["max_distance"] * torch.tensor([1.0, 0.6, 0.4])
    could = env.could(instances)[..., 3:]
    starts = first_clients(instances, 5, env.could(instances))
    token = torch.where(starts[..., 1] == FREE, 0, starts[..., 0])
    able = could.gather(1, token[:, None])[:, 0]
    assert torch.equal(able, could.any(dim=1))
    careless = first_clients(instances, 5)
    assert not could.gather(1, torch.where(careless[..., 1] == FREE, 0, careless[..., 0])[:, None]).all()


def test_a_step_that_is_left_to_the_policy_is_sampled_where_others_are_given(tiny_unified, drawn):
    policy, env = tiny_unified("mdcvrp")
    instances = drawn(1, 8, "mdcvrp", seed=8)
    instances["locs"][:, 0] = instances["locs"][:, 3]  # the first client's nearest depot is the first
    instances["distance"] = torch.cdist(instances["locs"], instances["locs"])
    starts = first_clients(instances, 2)[:, :1].expand(1, 100, -1)
    assert starts[0, 0].tolist() == [3, FREE]
    second = rollout(policy, env, instances, starts, torch.Generator().manual_seed(1)).actions[0, :, 1]
    assert len(second.unique()) > 1
    assert not (second == 3).any()


def test_a_rollout_begins_with_the_vehicle_to_which_the_visit_is_cheapest(drawn):
    instances = drawn(20, 5, "pvrp_p")
    starts = first_clients(instances, 5)
    token = torch.where(starts[..., 1] == FREE, 0, starts[..., 0])
    assert torch.equal(token, instances["penalty"][..., 5:].argmin(dim=1))
    instances["unit_cost"] = torch.tensor([9.0, 9.0, 9.0, 0.1, 9.0]).expand(20, -1)
    instances["penalty"] = torch.zeros_like(instances["penalty"])
    assert (first_clients(instances, 5)[..., 0] == 3).all()


def test_vehicles_to_which_visits_cost_the_same_take_turns(tiny_profiles, drawn):
    _, env = tiny_profiles("pvrp_zc")
    instances = drawn(50, 20, "pvrp_zc")
    could = env.could(instances)
    starts = first_clients(instances, 20, could)
    token = torch.where(starts[..., 1] == FREE, 0, starts[..., 0])
    assert could[..., 5:].gather(1, token[:, None]).all()
    assert token.flatten().bincount().min() > 0.1 * token.numel()


def test_every_vehicle_begins_at_every_client_that_it_can_serve_and_the_cheapest_at_the_others(tiny_profiles, drawn):
    _, env = tiny_profiles("pvrp_zc_angle")
    instances = drawn(3, 6, "pvrp_zc_angle")
    could, usual = env.could(instances), first_clients(instances, 6, env.could(instances))
    starts = first_pairs(instances, could)
    assert starts.shape == (3, 5 * 6, 2)
    for problem, begun in enumerate(starts.unflatten(1, (5, 6)).tolist()):
        for vehicle, pairs in enumerate(begun):
            for client, pair in enumerate(pairs, start=5):
                told = [client, FREE] if vehicle == 0 else [vehicle, client]
                expected = told if could[problem, vehicle, client] else usual[problem, client - 5].tolist()
                assert pair == expected


def test_one_vehicle_begins_at_every_client(drawn):
    instances = drawn(2, 4)
    assert torch.equal(first_pairs(instances, torch.ones(2, 1, 5, dtype=torch.bool)), first_clients(instances, 4))
