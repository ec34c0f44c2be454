"""Instances as tables of the kernel, beside the problems that they are."""

import numpy as np
import pytest

from nco.envs.generators.unified import completed
from nco.envs.instances import to_problems
from nco.envs.presets import preset
from nco.search.data import Flags, search_data
from nco.search.tables import tables, unsupported


@pytest.mark.parametrize(
    "name", ["cvrp", "vrptw", "mdovrpmbltw", "vrpb", "pvrp_p", "pvrp_zc", "hcvrp", "ratsp", "rcvrptw"]
)
def test_tables_are_those_of_the_problems(drawn, name):
    """Costs in units of the scale; what is made of the problems one by one is the search's usual way."""
    instances = drawn(2, 6, name, seed=3)
    traits, known = tables(preset(name).env, completed(instances))
    problems = [search_data(problem) for problem in to_problems(instances)]
    assert traits.fleet == any(len(data.sight) > 1 for data in problems)
    assert traits.last == any(Flags(*data.flags).sorted for data in problems)
    for row, data in enumerate(problems):
        scale = float(instances["scale"][row])
        assert known["start"][row].tolist() == data.start.tolist()
        assert known["end"][row].tolist() == data.end.tolist()
        assert known["demand"][row].tolist() == data.delivery.sum(axis=1).tolist()
        assert known["available"][row].tolist() == data.available.tolist()
        for kind in range(len(data.sight)):
            arcs = known["cost"][row, known["view"][row, kind]][:-1].numpy() * scale  # nobody leaves nowhere
            np.testing.assert_allclose(arcs, data.cost[data.sight[kind]][:-1], rtol=1e-4, atol=1e-5 * scale)


def test_what_is_not_known_is_named(drawn):
    assert unsupported(preset("pcvrp").env, drawn(1, 5, "pcvrp")) == ["'prize'"]
    assert unsupported(preset("hcvrp_max").env, drawn(1, 5, "hcvrp_max")) == ["objective='max'"]
    assert unsupported(preset("vrptw_reloads").env, drawn(1, 5, "vrptw_reloads")) == [
        "'prize'",
        "reloads within limits",
    ]
    assert unsupported(preset("profiles").env, drawn(1, 5, "profiles")) == []
