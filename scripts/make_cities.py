"""The cities that `rrnco` learned on and those held out: python scripts/make_cities.py EXTRACTS [--out cities]

EXTRACTS is a folder of OpenStreetMap extracts of these places (andorra.osm.pbf ...), in which centers (latitude,
longitude) of squares of 3 km are given here; the n-th of a place has seed n. 600 places each by OSRM, of which the
first 510 count; other extracts give other cities, and the references of scripts/road_gaps.py are not for them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from nco.cities.build import Plan, build

#: Places drawn, and how many of them are kept.
DRAWN, KEPT = 600, 510
TRAIN = {
    "andorra.osm.pbf": [(42.509407, 1.526935), (42.543581, 1.529375)],
    "baltimore.osm.pbf": [(39.293178, -76.585833), (39.289581, -76.555622)],
    "campo_grande.osm.gz": [(-20.425182, -54.56154), (-20.477343, -54.584578), (-20.432377, -54.584578)],
    "columbus_r5.osm.pbf": [
        (39.946102, -82.984911), (40.021645, -82.994305), (39.992867, -82.994305), (39.985672, -83.024834),
    ],
    "porto_alegre.osm.pbf": [
        (-30.041105, -51.214874), (-30.015924, -51.185782), (-30.015924, -51.158768), (-30.041105, -51.158768),
    ],
    "sao_paulo.osm.pbf": [
        (-23.546029, -46.633665), (-23.55862, -46.655248), (-23.533439, -46.655248), (-23.567613, -46.625817),
    ],
}  # fmt: skip
HELD_OUT = {
    "harrisburg.osm.pbf": [(40.28728, -76.829925), (40.249508, -76.829925), (40.294475, -76.801639)],
    "monaco.osm.pbf": [(43.738451, 7.413756), (43.754639, 7.438653)],
    "portland_central_renumbered.osm.pbf": [
        (45.511962, -122.647407),
        (45.524553, -122.675643),
        (45.535345, -122.64484),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extracts", type=Path)
    parser.add_argument("--out", type=Path, default=Path("cities"))
    parser.add_argument("--only", default="", help="places whose names begin like this")
    options = parser.parse_args()
    for folder, places in (("train", TRAIN), ("heldout", HELD_OUT)):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
        for extract, centers in places.items():
            place = extract.partition(".")[0].removesuffix("_r5").removesuffix("_central_renumbered")
            for seed, center in enumerate(centers if place.startswith(options.only) else [], start=1):
                city = build(options.extracts / extract, Plan(center, points=DRAWN, seed=seed, engine="osrm"))
                square = city.distance[:KEPT, :KEPT], city.duration[:KEPT, :KEPT]
                path = options.out / folder / f"{place}_{seed}.npz"
                replace(city, points=city.points[:KEPT], distance=square[0], duration=square[1]).save(path)
                print(path, flush=True)


if __name__ == "__main__":
    main()
