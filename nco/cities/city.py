"""The city file: places, the distances and times between them, the roads they lie on, and where all this is from.

An .npz without pickles, in degrees, metres and seconds, whose entry `format` says "nco-city 1". Files of Son et al.
(2025), "RRNCO", have no such entry; nco.envs.generators.cities reads both.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nco.cities.geometry import Box, Floats
from nco.cities.graph import RoadGraph
from nco.errors import Fault, FileError

FORMAT = "nco-city 1"
ATTRIBUTION = "Contains data (c) OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)"
#: What the same licence asks to be shown with a map.
CREDIT = "\N{COPYRIGHT SIGN} OpenStreetMap contributors"
#: Vertices of roads are stored in units of 1e-7 degrees, as OpenStreetMap does.
DEGREES = 1e7


@dataclass(frozen=True, eq=False)
class City:
    """P places on roads. Matrices go from row to column; every place can be reached from every other."""

    points: Floats  # [P, 2] latitude, longitude in degrees
    distance: NDArray[np.float32]  # [P, P] metres of the fastest way
    duration: NDArray[np.float32]  # [P, P] seconds
    roads: RoadGraph
    provenance: Mapping[str, Any]

    @property
    def box(self) -> Box:
        """Where the places were drawn."""
        latitude, longitude = self.provenance["center"]
        return Box.around(latitude, longitude, self.provenance["size"])

    def save(self, path: Path) -> None:
        """Write the file; raises FileError (F012)."""
        roads = {f"road_{field.name}": getattr(self.roads, field.name) for field in fields(RoadGraph)}
        roads["road_vertex"] = np.round(roads["road_vertex"] * DEGREES).astype(np.int32)
        try:
            with path.open("wb") as file:
                np.savez_compressed(
                    file,
                    format=np.array(FORMAT),
                    points=self.points,
                    distance=self.distance,
                    duration=self.duration,
                    provenance=np.array(json.dumps(dict(self.provenance))),
                    **roads,
                )
        except OSError as error:
            path.unlink(missing_ok=True)
            what = error.strerror or str(error)
            raise FileError(Fault("F012", str(path), what, "Choose another place, or free some space")) from error


def read_city(path: Path) -> City:
    """Read a city file; raises FileError with all that is wrong with it."""
    arrays = read_arrays(path)
    if str(arrays.get("format")) != FORMAT:
        what = "it does not say that it is a city file of nco"
        raise FileError(Fault("F008", str(path), what, f"Build one with nco city build; its format is '{FORMAT}'"))
    names = ("points", "distance", "duration", "provenance", *(f"road_{field.name}" for field in fields(RoadGraph)))
    if missing := [name for name in names if name not in arrays]:
        raise FileError(Fault("F004", str(path), f"it has no {', '.join(missing)}", "Build the city again"))
    if faults := [Fault("F005", str(path), what, "Build the city again") for what in _wrong(arrays)]:
        raise FileError(faults)
    roads = {field.name: arrays[f"road_{field.name}"] for field in fields(RoadGraph)}
    roads["vertex"] = roads["vertex"] / DEGREES
    return City(
        arrays["points"],
        arrays["distance"],
        arrays["duration"],
        RoadGraph(**roads),
        json.loads(str(arrays["provenance"])),
    )


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz; raises FileError (F001) when there is none or it is damaged."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise ValueError("it is no .npz, or one that is cut off")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {key: np.asarray(archive[key]) for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        what = str(error) or "it cannot be read"
        raise FileError(Fault("F001", str(path), what, "Give a city file, as nco city build makes them")) from error


def _wrong(arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    """What is wrong with arrays that are all there."""
    points, distance, duration = (arrays[name] for name in ("points", "distance", "duration"))
    size, faults = len(points), []
    if points.shape != (size, 2) or {distance.shape, duration.shape} != {(size, size)}:
        faults.append(f"shapes are {points.shape}, {distance.shape} and {duration.shape}")
    for name in ("points", "distance", "duration"):
        array = arrays[name]
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all() or (name != "points" and (array < 0).any()):
            faults.append(f"{name} holds something that is no such quantity")
    ends = np.concatenate([arrays["road_tail"], arrays["road_head"]])
    if ends.dtype.kind not in "iu" or (len(ends) and not 0 <= ends.min() <= ends.max() < len(arrays["road_vertex"])):
        faults.append("its roads join points that it does not hold")
    try:
        json.loads(str(arrays["provenance"]))
    except ValueError:
        faults.append("its provenance is not JSON")
    return faults
