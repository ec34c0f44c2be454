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


def town(num_clients: int, capacity: int, seed: int) -> nco.Problem:
    """Shops clustered by district around a town; coordinates and distances in km, loads in boxes."""
    rng = np.random.default_rng(seed)
    model = nco.Model(name=f"town-{num_clients}")
    model.add_depot(*WAREHOUSE, name="warehouse")
    centres, spreads, shares = (list(column) for column in zip(*DISTRICTS.values(), strict=True))
    count: Counter[str] = Counter()
    for district in rng.choice(len(DISTRICTS), size=num_clients, p=shares):
        x, y = np.clip(rng.normal(centres[district], spreads[district]), 0, 12).round(2).tolist()
        shop = str(rng.choice(list(SHOPS)))
        count[shop] += 1
        low, high = SHOPS[shop]
        model.add_client(x, y, delivery=int(rng.integers(low, high + 1)), name=f"{shop}-{count[shop]:02}")
    model.add_vehicle_type(capacity=capacity, name="van")
    return model.build()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data/examples")
    for problem in (town(60, capacity=50, seed=60), town(10, capacity=25, seed=10)):
        nco.write(problem, folder / f"{problem.name}.json")
