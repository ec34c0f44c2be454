"""Problems on the roads of a city: from a file, or of the made-up town."""

import numpy as np
import pytest
import torch
from town import Town

from nco.cities.build import Plan, build
from nco.cities.city import FORMAT
from nco.envs.generators.cities import city
from nco.envs.presets import preset, problems
from nco.errors import ConfigError


@pytest.fixture
def arrays():
    """Twelve places on a street from west to east, about 1.1 km apart; westwards takes twice as long."""
    east = np.arange(12.0)
    gap = east[None] - east[:, None]
    points = np.stack([np.zeros(12), 0.01 * east], axis=-1)
    return {"points": points, "distance": 1.2 * abs(gap), "duration": np.where(gap > 0, gap, -2 * gap)}


@pytest.fixture
def write(tmp_path):
    """Write a city file; a new name each time, as a city is read once."""

    def written(arrays, name="city.npz"):
        np.savez(tmp_path / name, **arrays)
        return str(tmp_path / name)

    return written


def draw(name, size=8, batch=50, seed=1):
    return preset(name).generator(batch, size, torch.Generator().manual_seed(seed))


def test_a_problem_has_the_distances_and_times_of_its_places_in_km_and_minutes(write, arrays):
    (problem,) = problems(f"rcvrptw:{write(arrays)}", 6, 1, seed=1)
    place = ((problem.xy[:, 0] - problem.xy[:, 0].min()) / (0.01 * 111.32)).round().astype(int)
    gap = place[None] - place[:, None]
    assert np.allclose(problem.distance_matrix(), 1.2 * abs(gap), rtol=1e-5)
    assert np.allclose(problem.duration_matrix(), np.where(gap > 0, gap, -2 * gap), rtol=1e-5)
    assert problem.tw[0, 1] == pytest.approx(4.6 * problem.duration_matrix().max(), rel=1e-5)


def test_a_city_keeps_the_proportions_of_the_map(write, arrays):
    arrays["points"] = np.stack([60 + 0.01 * np.arange(12), 0.01 * np.arange(12)], axis=-1)
    xy = city(write(arrays)).xy
    assert torch.allclose((xy[1:] - xy[:-1])[:, 1], torch.tensor(1.1132), rtol=1e-4)
    assert torch.allclose((xy[1:] - xy[:-1])[:, 0], torch.tensor(1.1132 / 2), rtol=1e-2)


def test_a_city_of_nco_counts_in_metres_and_seconds_and_says_so(write, arrays):
    theirs = city(write(arrays, "theirs.npz"))
    metric = {**arrays, "distance": 1000 * arrays["distance"], "duration": 60 * arrays["duration"]}
    ours = city(write({**metric, "format": FORMAT}, "ours.npz"))
    assert torch.allclose(ours.distance, theirs.distance)
    assert torch.allclose(ours.duration, theirs.duration)
    with pytest.raises(ConfigError, match=r"C503.*later\.npz: its format is 'nco-city 9'"):
        city(write({**metric, "format": "nco-city 9"}, "later.npz"))


def test_a_city_that_was_built_is_a_preset(tmp_path):
    built = build(Town().write(tmp_path / "town.osm"), Plan(size=1500.0, points=30, engine="dijkstra"))
    built.save(tmp_path / "town.npz")
    (problem,) = problems(f"rcvrptw:{tmp_path / 'town.npz'}", 20, 1, seed=1)
    gaps = abs(1000 * problem.distance_matrix()[..., None] - built.distance.ravel()).min(axis=-1)
    assert gaps.max() < 0.01


def test_places_without_ways_to_the_others_are_dropped(write, arrays):
    arrays["distance"][3] = 1e9
    arrays["duration"][:, 5] = np.nan
    places = city(write(arrays))
    assert places.xy.shape == (10, 2)
    assert places.distance.max() == pytest.approx(1.2 * 11)


def test_places_are_different_and_every_place_gets_its_turn_also_as_the_depot(write, arrays):
    instances = draw(f"rcvrp:{write(arrays)}", size=5, batch=200)
    assert (instances["distance"] + torch.eye(6) > 0).all()
    east = (instances["locs"][..., 0] * instances["scale"][:, None] / 1.1132).round()
    assert east[:, 0].unique().numel() > 4


def test_clustered_places_are_near_each_other_and_the_depot_is_any_of_them():
    spread, close = draw("ratsp", 20)["scale"].mean(), draw("ratsp_cluster", 20)["scale"].mean()
    assert close < spread / 2
    instances = draw("ratsp_cluster", 20)
    middle = instances["locs"].mean(dim=1, keepdim=True)
    nearest = (instances["locs"] - middle).norm(dim=-1).argmin(dim=1)
    assert (nearest == 0).float().mean() < 0.5


@pytest.fixture
def folder(tmp_path, arrays):
    """Three cities: the street of the fixture, one with half as many places and ways ten times as long, and another
    street without a way back worth having."""
    half = {key: value[:6, :6] if value.shape[1] > 2 else value[:6] for key, value in arrays.items()}
    steep = arrays | {"distance": np.where(arrays["distance"] > 0, arrays["distance"], 0) * 3}
    np.savez(tmp_path / "b.npz", **half | {"distance": 10 * half["distance"]})
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez(tmp_path / "c.npz", **steep)
    return str(tmp_path)


def test_every_instance_draws_one_of_the_cities_of_a_folder(folder):
    instances = draw(f"rcvrp:{folder}", size=5, batch=200)
    straight = (instances["locs"][:, :, None] - instances["locs"][:, None]).norm(dim=-1)
    detour = (instances["distance"].sum(dim=(1, 2)) / straight.sum(dim=(1, 2)) * 1.1132 / 1.2).round(decimals=1)
    assert detour.unique(return_counts=True)[1].min() > 200 / 3 / 2  # of all three
    assert sorted(detour.unique().tolist()) == pytest.approx([1.0, 3.0, 10.0], abs=0.1)


def test_an_instance_of_a_folder_is_one_that_its_city_has(folder, write, arrays):
    for instance in draw(f"rcvrptw:{folder}", size=4, batch=20, seed=2):
        straight = (instance["locs"][:, None] - instance["locs"]).norm(dim=-1) * instance["scale"] / 1.1132
        ratio = (instance["distance"] * instance["scale"]).sum() / straight.sum() / 1.2
        assert min(abs(float(ratio) - factor) for factor in (1.0, 3.0, 10.0)) < 0.02
        times = instance["duration"] * instance["time_scale"]
        east = instance["locs"][:, 0]
        slower = torch.where(east[None] < east[:, None], 2.0, 1.0)  # westwards
        torch.testing.assert_close(times, slower * straight, rtol=1e-2, atol=1e-2)


def test_cities_of_a_folder_may_differ_in_size_and_all_must_have_enough_places(folder):
    with pytest.raises(ConfigError, match="C503 size: 6 clients and a depot are more than the 6 places"):
        draw(f"rcvrp:{folder}", 6)


def test_a_folder_without_cities_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="the folder holds no city"):
        draw(f"rcvrp:{tmp_path}")


def test_the_same_seed_draws_the_same_from_a_folder(folder):
    for key, values in draw(f"roads:{folder}", size=4, seed=3).items():
        assert torch.equal(values, draw(f"roads:{folder}", size=4, seed=3)[key])


def test_roads_mix_the_three_problems_clusters_and_problems_without_coordinates():
    kinds = set()
    for seed in range(12):
        instances = draw("roads", 20, batch=40, seed=seed)
        kinds.add(("available" in instances.keys(), "duration" in instances.keys()))  # noqa: SIM118
        assert 0 < (~instances["placed"]).sum() < 20
        spread = instances["scale"]
        assert spread.max() > 2 * spread.min()
    assert kinds == {(True, False), (False, False), (False, True)}


def test_the_ways_of_the_town_are_the_fastest_and_depend_on_the_direction():
    town = city(None)
    assert (town.distance != town.distance.T).any()
    straight = (town.xy[:, None] - town.xy).norm(dim=-1)
    assert (town.distance >= straight - 1e-5).all()
    assert (town.duration >= town.distance / 50 * 60 - 1e-5).all()
    detour = town.duration[:, 7, None] + town.duration[7]
    assert (town.duration <= detour + 1e-5).all()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"duration": None}, "it has no duration"),
        ({"distance": np.zeros((3, 3))}, "shapes are"),
        ({"points": np.full((12, 2), np.nan)}, "of 12 places, 12 have coordinates and ways"),
        ({"distance": np.full((12, 12), -1.0)}, "of 12 places, 1 have coordinates and ways"),
        ({"points": np.array([["a", "b"]] * 12)}, "it holds something that is not a number"),
    ],
)
def test_a_file_that_is_no_city_is_an_error_that_says_why(write, arrays, change, fault):
    path = write({key: value for key, value in (arrays | change).items() if value is not None})
    with pytest.raises(ConfigError, match=f"C503.*city.npz: {fault}"):
        draw(f"rcvrp:{path}")


def test_a_file_that_is_missing_or_damaged_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        draw(f"rcvrp:{tmp_path / 'nowhere.npz'}")
    (tmp_path / "broken.npz").write_bytes(b"PK\\x03\\x04 and no more")
    with pytest.raises(ConfigError, match=r"broken\.npz"):
        draw(f"rcvrp:{tmp_path / 'broken.npz'}")


def test_more_clients_than_places_are_an_error(write, arrays):
    with pytest.raises(ConfigError, match="C503 size: 12 clients and a depot are more than the 12 places"):
        draw(f"rcvrp:{write(arrays)}", 12)


def test_only_presets_on_roads_take_a_file():
    with pytest.raises(ConfigError, match=r"C503 preset: 'cvrp' takes no file\. Presets on the roads of a file: ratsp"):
        preset("cvrp:city.npz")
