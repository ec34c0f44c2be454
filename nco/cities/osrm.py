"""OSRM as a server of its own for a while: prepared in a temporary folder, on the loopback, stopped whatever happens.

The programs come from the package osrm-bindings (extra 'roads') or from PATH. https://project-osrm.org
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nco.cities.geometry import Floats
from nco.cities.matrices import Matrices, Progress, silent
from nco.cities.speeds import Mode
from nco.errors import ConfigError, Fault, RoadsError

PROGRAMS = ("osrm-extract", "osrm-partition", "osrm-customize", "osrm-routed")
PROFILES = {"car": "car.lua", "bike": "bicycle.lua"}
LOOPBACK = "127.0.0.1"
#: Origins and destinations of one request, whose address then has 22 KB.
BLOCK = 500
#: Seconds until a stage, the start of the server and a request are given up.
STAGE, START, REQUEST = 3600.0, 60.0, 300.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Osrm:
    """Where OSRM is installed."""

    programs: dict[str, Path]
    profiles: Path

    @property
    def version(self) -> str:
        """What osrm-routed calls itself, such as v26.10.0."""
        told = subprocess.run([self.programs["osrm-routed"], "--version"], capture_output=True, text=True, check=False)
        return (told.stdout or told.stderr).strip()


def find() -> Osrm | None:
    """OSRM of the installed package, else the one on PATH; None when there is none."""
    spec = importlib.util.find_spec("osrm")
    homes = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    found = [shutil.which(PROGRAMS[0], path=home / "bin") for home in homes]
    extract = next(filter(None, found), None) or shutil.which(PROGRAMS[0])
    if extract is None:
        return None
    folder = Path(extract).resolve().parent
    programs = {name: folder / name for name in PROGRAMS}
    shares = (folder.parent / "share", folder.parent / "share" / "osrm", folder)
    profiles = next((share / "profiles" for share in shares if (share / "profiles" / "car.lua").is_file()), None)
    complete = profiles is not None and all(program.is_file() for program in programs.values())
    return Osrm(programs, profiles) if complete and profiles else None


def require() -> Osrm:
    """OSRM, or ConfigError (C502)."""
    osrm = find()
    if osrm is None:
        fix = "pip install osrm-bindings (Python 3.12 and later), put OSRM on PATH, or use --engine dijkstra"
        raise ConfigError(Fault("C502", "osrm", "there is neither the package osrm-bindings nor OSRM on PATH", fix))
    return osrm


@dataclass(frozen=True, slots=True)
class Server:
    """A running server of one extract."""

    address: str
    token: str

    def table(self, places: Floats, progress: Progress = silent) -> Matrices:
        """Matrices between places [P, 2] (latitude, longitude), each put on the nearest road."""
        distance, duration = (np.empty((len(places), len(places))) for _ in range(2))
        starts = range(0, len(places), BLOCK)
        for row in starts:
            for column in starts:
                block = np.s_[row : row + BLOCK, column : column + BLOCK]
                distance[block], duration[block] = self._block(places[block[0]], places[block[1]])
            progress("asking OSRM", min(1.0, (row + BLOCK) / len(places)))
        np.fill_diagonal(distance, 0.0)
        np.fill_diagonal(duration, 0.0)
        return Matrices(distance, duration)

    def _block(self, origins: Floats, destinations: Floats) -> tuple[Floats, Floats]:
        coordinates = ";".join(f"{lon:.6f},{lat:.6f}" for lat, lon in [*origins.tolist(), *destinations.tolist()])
        sources, targets = range(len(origins)), range(len(origins), len(origins) + len(destinations))
        asked = f"sources={_numbers(sources)}&destinations={_numbers(targets)}&annotations=distance,duration"
        told = self.ask(f"table/v1/driving/{coordinates}?{asked}")
        return _matrix(told["distances"]), _matrix(told["durations"])

    def ask(self, question: str, timeout: float = REQUEST) -> dict[str, Any]:
        """The answer of the server; raises RoadsError (R604) when there is none."""
        try:
            with urllib.request.urlopen(f"{self.address}/{question}", timeout=timeout) as reply:
                told = json.load(reply)
        except (OSError, ValueError) as error:
            detail = error.read().decode(errors="replace")[:200] if isinstance(error, urllib.error.HTTPError) else error
            raise _failed("osrm-routed", str(detail)) from error
        if told.get("data_version") != self.token:
            raise _failed("osrm-routed", "another server answers at its address")
        return dict(told)


@contextmanager
def serve(extract: Path, folder: Path, mode: Mode = "car") -> Iterator[Server]:
    """Prepare an extract in a folder and serve it within the block."""
    osrm, token = require(), uuid.uuid4().hex
    graph = folder / "roads.osrm"
    lua = osrm.profiles / PROFILES[mode]
    _stage(osrm, "osrm-extract", extract, "-p", lua, "-o", graph, "-d", token)
    _stage(osrm, "osrm-partition", graph)
    _stage(osrm, "osrm-customize", graph)
    for attempt in range(ATTEMPTS):
        port = free_port()
        options = ["-i", LOOPBACK, "-p", str(port), "-a", "MLD", "--max-table-size", str(2 * BLOCK)]
        log = folder / "routed.log"
        with log.open("wb") as told:
            process = subprocess.Popen(
                [osrm.programs["osrm-routed"], graph, *options], stdout=told, stderr=subprocess.STDOUT
            )
        try:
            server = Server(f"http://{LOOPBACK}:{port}", token)
            if _answers(process, server):
                yield server
                return
        finally:
            _stop(process)
        if attempt + 1 == ATTEMPTS:
            raise _failed("osrm-routed", log.read_text(errors="replace"))


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _stage(osrm: Osrm, name: str, *arguments: object) -> None:
    command = [str(osrm.programs[name]), *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=STAGE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(name, str(error)) from error
    if done.returncode:
        raise _failed(name, f"it ended with {done.returncode}: {done.stderr or done.stdout}")


def _answers(process: subprocess.Popen[bytes], server: Server) -> bool:
    """Wait until the server answers; False when it ended instead, as it does when its port is in use."""
    until = time.monotonic() + START
    while process.poll() is None and time.monotonic() < until:
        try:
            server.ask("nearest/v1/driving/0,0", timeout=1.0)
        except RoadsError:
            time.sleep(0.02)
        else:
            return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _numbers(numbers: range) -> str:
    return ";".join(map(str, numbers))


def _matrix(rows: list[list[float | None]]) -> Floats:
    """A table of OSRM; no way (null) is infinite. Distances of neighbours on a road may be -1 m by rounding: 0."""
    matrix = np.maximum(np.array(rows, dtype=np.float64), 0.0)
    return np.where(np.isnan(matrix), np.inf, matrix)


def _failed(program: str, what: str) -> RoadsError:
    last = " ".join(what.split())[-400:]
    return RoadsError(Fault("R604", program, last or "it ended", "Use --engine dijkstra, which needs no OSRM"))
