"""LKH in a process of its own: elkai keeps Python waiting until a run is over, but a process can be killed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from typing import Self

from nco.errors import ConfigError, Fault, SolverError

#: What the process does: a line with the problem, then a line with parameters and a line with the tour for every run.
#: It uses elkai's inner entrance, as the documented one takes neither a seed nor a limit of time.
SERVE = """
import json, sys
from elkai._elkai import solve_problem
problem = json.loads(sys.stdin.readline())
for line in sys.stdin:
    try:
        answer = solve_problem(json.loads(line), problem)
    except (TypeError, SystemError) as error:  # LKH's own
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


class LkhProcess:
    """LKH with one problem, given as TSPLIB's text. Raises ConfigError (C502) where elkai is not installed."""

    def __init__(self, problem: str) -> None:
        if find_spec("elkai") is None:
            fix = "Install the extra: pip install 'nco-vrp[lkh]'"
            raise ConfigError(Fault("C502", "elkai", "solver 'lkh' needs this package", fix))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,  # Ctrl-C is not for it
        )  # fmt: skip
        self._reader = ThreadPoolExecutor(1)
        self._send(problem)

    def run(self, parameters: str, seconds: float) -> list[int] | None:
        """The places of the tour of one run, counted from 1; None, and no more runs, when it takes longer than that.

        Raises SolverError (U303) with what LKH says when it fails.
        """
        self._send(parameters)
        answer = self._reader.submit(self._process.stdout.readline)  # type: ignore[union-attr]
        try:
            line = answer.result(seconds if math.isfinite(seconds) else None)
        except TimeoutError:
            return None
        found = json.loads(line) if line else "its process died"
        if isinstance(found, str):
            raise SolverError(Fault("U303", "solver 'lkh'", found, "Please report it with the problem"))
        places: list[int] = found
        return places

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._reader.shutdown()
        self._process.communicate()

    def _send(self, text: str) -> None:
        with suppress(BrokenPipeError):  # when it died, there will be no answer
            print(json.dumps(text), file=self._process.stdin, flush=True)
