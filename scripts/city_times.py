"""Seconds to build a city of 1,000 places from every extract in a folder, by each engine, and what the cities are like.

python scripts/city_times.py ../shared/data/osm_extracts --engines osrm,dijkstra
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from nco.cities.build import Plan, build
from nco.cities.extract import SUFFIXES
from nco.cities.summary import summarise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", default="osrm,dijkstra")
    parser.add_argument("--points", type=int, default=1000)
    options = parser.parse_args()
    print("| extract | engine | s | streets km | mean km | mean min | circuity | asym. km | asym. min | corr. |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for extract in sorted(path for path in options.folder.iterdir() if path.name.endswith(SUFFIXES)):
        for engine in options.engines.split(","):
            start = time.perf_counter()
            city = build(extract, Plan(points=options.points, engine=engine))
            seconds = time.perf_counter() - start
            s = summarise(city)
            numbers = (s.streets, s.distance, s.duration, s.circuity)
            shares = (s.distance_asymmetry, s.duration_asymmetry, s.correlation)
            cells = [
                extract.name,
                engine,
                f"{seconds:.1f}",
                *(f"{x:.2f}" for x in numbers),
                *(f"{x:.3f}" for x in shares),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
