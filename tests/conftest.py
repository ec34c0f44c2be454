"""Fixtures shared by all tests."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import nco
from nco.checker import check
from nco.search.warm import compile_now

# before torch is loaded, here and in processes that tests start: on small tensors, threads wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
# before Triton is loaded, which decides then: its kernels run in NumPy, where there need not be a GPU
os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture(scope="session", autouse=True)
def _heed_ctrl_c() -> None:
    """Shells make commands in the background ignore Ctrl-C, and what these start inherits that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _compile_the_search() -> None:
    """Half a minute where it never was: what nco.solve chooses must not depend on who came first."""
    compile_now()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real benchmark files beside the repository; tests that need them are skipped where there are none."""
    path = Path(__file__).parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no shared data beside the repository")
    return path


@pytest.fixture
def square() -> nco.Problem:
    """Four clients in the corners of a square around the depot, two fit in a vehicle; the optimum is 4 + 4 sqrt 2."""
    model = nco.Model("square")
    model.add_depot(x=0, y=0, name="yard")
    for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1)):
        model.add_client(x=x, y=y, delivery=1)
    model.add_vehicle_type(capacity=2)
    return model.build()


@pytest.fixture
def timed() -> nco.Problem:
    """Three clients on a line with time windows and service; the first vehicle has to wait."""
    model = nco.Model("timed")
    model.add_depot(x=0, y=0)
    model.add_client(x=10, y=0, delivery=1, tw=(0, 15), service=5, name="early")
    model.add_client(x=20, y=0, delivery=1, tw=(60, 90), service=5, name="late")
    model.add_client(x=-10, y=0, delivery=1, tw=(0, 100), service=5, name="west")
    model.add_vehicle_type(3, capacity=2, name="van")
    return model.build()


@pytest.fixture
def liked() -> nco.Problem:
    """Two clients in the east (1, 2), two in the west (3, 4); Ada prefers 1 and 3, Bob 2 and 4, and each carries two.

    A driver for each side costs the least, and half of the visits are liked.
    """
    model = nco.Model("liked")
    model.add_depot(x=0, y=0)
    for x, y in ((10, 1), (10, -1), (-10, 1), (-10, -1)):
        model.add_client(x=x, y=y, delivery=1)
    for name, preference in (("Ada", (1, 0, 1, 0)), ("Bob", (0, 1, 0, 1))):
        model.add_vehicle_type(1, capacity=2, profile=model.add_profile(name, preference=preference), name=name)
    return model.build()


@pytest.fixture
def judged() -> Callable[..., nco.Result]:
    """Make a Result from routes, as if a solver had found them."""

    def make(problem: nco.Problem, routes: list[list[int]], solver: str = "pyvrp", seed: int = 1) -> nco.Result:
        report = check(problem, routes)
        history = ((0.1, 1.3 * report.cost.total), (0.4, report.cost.total))
        return nco.Result(problem, report, solver, 0.5, 7, seed, history, {"device": "cpu"})

    return make


@pytest.fixture
def fake_solvers(monkeypatch) -> str:
    """Name of a module of solvers for tests, importable here and in processes that are started from here."""
    folder = str(Path(__file__).parent / "support")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
    return "fake_solvers"


@pytest.fixture
def tiny_policy():
    """A small untrained attention policy, always the same, as it is used: without dropout or gradients."""
    import torch

    from nco.policies import make_policy

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return make_policy("attention", {"width": 16, "heads": 2, "feedforward": 32, "layers": 2}).eval()


@pytest.fixture(scope="session")
def drawn():
    """Draw instances [batch] of a preset: the same arguments give the same instances."""
    import torch

    from nco.envs.presets import preset

    def draw(batch: int, size: int, name: str = "cvrp", seed: int = 1):
        return preset(name).generator(batch, size, torch.Generator().manual_seed(seed))

    return draw


@pytest.fixture
def cvrp():
    """The environment of the capacitated problem."""
    from nco.envs.presets import preset

    return preset("cvrp").env


@pytest.fixture(scope="session")
def tiny_unified():
    """A small untrained unified policy for a preset, always the same, and the preset's environment."""
    import torch

    from nco.envs.presets import preset
    from nco.policies import make_policy

    def make(name: str, kind: str = "unified"):
        env = preset(name).env
        sizes = {"width": 32, "feedforward": 32, "decoder_feedforward": 32, "heads": 2, "decoder_heads": 2, "layers": 1}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return make_policy(kind, {**sizes, "features": env.num_features}).eval(), env

    return make


@pytest.fixture(scope="session")
def tiny_profiles(tiny_unified):
    """A small untrained policy for vehicles that differ, always the same, and the environment of a preset."""

    def make(name: str = "profiles"):
        return tiny_unified(name, "profiles")

    return make


@pytest.fixture(scope="session")
def tiny_rrnco(tiny_unified):
    """A small untrained policy for roads, always the same, and the environment of a preset."""

    def make(name: str = "roads"):
        return tiny_unified(name, "rrnco")

    return make


@pytest.fixture(scope="session")
def tiny_camp():
    """A small untrained policy whose vehicles act at once, always the same, and the environment of a preset."""
    import torch

    from nco.envs.presets import preset
    from nco.policies import make_policy

    def make(name: str = "profiles", **options: bool | str):
        env = preset(name).env
        sizes = {"width": 32, "feedforward": 32, "talk_feedforward": 32, "heads": 2, "layers": 2}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return make_policy("camp", {**sizes, **options, "features": env.num_features}).eval(), env

    return make
