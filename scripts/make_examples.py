"""Write the bundled examples, our own invented towns: python scripts/make_examples.py [FOLDER]."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

import nco

#: Kind of shop -> the fewest and the most boxes it orders.
SHOPS = {"bakery": (2, 6), "cafe": (1, 4), "grocer": (5, 12), "pharmacy": (1, 3), "school": (4, 9)}
#: District -> centre (x, y) and spread, in km; its share of the shops. The warehouse lies at the ring road.
DISTRICTS = {
    "old town": ((6.2, 5.4), 0.7, 0.36),
    "harbour": ((9.6, 8.3), 0.6, 0.20),
    "university": ((2.4, 7.6), 0.6, 0.20),
    "south side": ((4.3, 1.6), 0.8, 0.16),
    "villages": ((6.0, 5.0), 3.4, 0.08),
}
WAREHOUSE = (8.6, 3.1)
#: Drivers and the district that each has served for years.
DRIVERS = {"Ada": "old town", "Bruno": "harbour", "Chiara": "university", "Daniel": "south side"}


def town(num_clients: int, capacity: int, seed: int) -> nco.Problem:
    """Shops clustered by district around a town; coordinates and distances in km, loads in boxes."""
    model, _ = shops(f"town-{num_clients}", num_clients, np.random.default_rng(seed))
    model.add_vehicle_type(capacity=capacity, name="van")
    return model.build()


def drivers(num_clients: int, capacity: int, seed: int) -> nco.Problem:
    """The same with named drivers: preference 1 for shops of their own, which half of the time are in their district.

    Half a km of driving is worth a shop served by a stranger.
    """
    rng = np.random.default_rng(seed)
    model, districts = shops(f"drivers-{num_clients}", num_clients, rng)
    model.preference_weight = 0.5
    own = [list(DRIVERS.values()).index(d) if d in DRIVERS.values() else -1 for d in districts]
    usual = np.where((rng.random(num_clients) < 0.5) & (np.array(own) >= 0), own, rng.integers(0, 4, num_clients))
    for number, name in enumerate(DRIVERS):
        known = np.where(usual == number, 1.0, rng.integers(0, 7, num_clients) / 10)
        profile = model.add_profile(preference=known, name=name)
        model.add_vehicle_type(1, capacity=capacity, profile=profile, name=name)
    return model.build()


def shops(name: str, num_clients: int, rng: np.random.Generator) -> tuple[nco.Model, list[str]]:
    """The warehouse and the shops of a town without vehicles, and the district of each shop."""
    model = nco.Model(name=name)
    model.add_depot(*WAREHOUSE, name="warehouse")
    centres, spreads, shares = (list(column) for column in zip(*DISTRICTS.values(), strict=True))
    count: Counter[str] = Counter()
    districts = rng.choice(len(DISTRICTS), size=num_clients, p=shares)
    for district in districts:
        x, y = np.clip(rng.normal(centres[district], spreads[district]), 0, 12).round(2).tolist()
        shop = str(rng.choice(list(SHOPS)))
        count[shop] += 1
        low, high = SHOPS[shop]
        model.add_client(x, y, delivery=int(rng.integers(low, high + 1)), name=f"{shop}-{count[shop]:02}")
    return model, [list(DISTRICTS)[district] for district in districts]


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data/examples")
    for problem in (town(60, capacity=50, seed=60), town(10, capacity=25, seed=10), drivers(40, capacity=60, seed=40)):
        nco.write(problem, folder / f"{problem.name}.json")
