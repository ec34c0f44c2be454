"""How the search is compiled, and where the result is kept: a first run waits for it, later ones do not."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.core.config

#: Files beside this one that hold nothing for numba.
NOT_COMPILED = (
    "active", "gpu", "kernel", "packing", "paid_time", "pairs", "parts", "rollouts", "sampling", "strings", "tables",
    "tile",
)  # fmt: skip

#: Seconds after which a process that compiles is given up.
PATIENCE = 900.0

config: Any = numba.core.config
_njit: Any = numba.njit  # whose types leave out what is used here

#: Part of a compiled function. All parts are inlined into it: handing over arrays costs more than most of them do.
#: Nothing is allocated, so numba's reference counts are switched off.
inlined: Any = _njit(_nrt=False, forceinline=True, error_model="numpy")


def compiled(function: Callable[..., Any]) -> Any:
    """A compiled function that other threads can run beside Python, kept on disk.

    numba looks at the file of this function only; the folder's name stands for those of all its parts.
    """
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder())
    try:
        return _njit(_nrt=False, nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


@cache
def folder() -> Path:
    """Where compiled code is kept: in the user's cache ($NCO_CACHE), by a hash of source, its place and compiler.

    Where that cannot be written to, it is a folder for temporary files that is this user's alone: what is read from it
    is run.
    """
    sources = sorted(path for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_COMPILED)
    made_by = f"numba {numba.__version__}, Python {sys.version}, {Path(__file__).parent}".encode()
    digest = hashlib.sha256(b"".join([made_by, *(source.read_bytes() for source in sources)])).hexdigest()[:16]
    default = Path(os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache") / "nco"
    chosen = Path(os.environ.get("NCO_CACHE") or default) / f"search-{digest}"
    try:
        chosen.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=chosen).close()  # it may be there, and not ours
    except OSError:
        return _private() / chosen.name
    return chosen


def _private() -> Path:
    """A folder for temporary files that nobody else can write to, the same one every time if possible."""
    mine = getattr(os, "getuid", int)()
    usual = Path(tempfile.gettempdir()) / f"nco-{mine}"
    usual.mkdir(mode=0o700, exist_ok=True)
    known = usual.lstat()
    private = stat.S_ISDIR(known.st_mode) and known.st_uid == mine and not known.st_mode & 0o022
    return usual if private or os.name == "nt" else Path(tempfile.mkdtemp(prefix="nco-"))


def is_ready() -> bool:
    """Whether the search has been compiled on this machine."""
    return any(folder().glob("**/anneal.anneal-*.nbc"))


def ready_soon() -> bool:
    """Whether the search has been compiled; if not, that begins."""
    if not is_ready():
        compile_in_background()
        return False
    return True


def compile_in_background() -> None:
    """Start compiling in a process of its own that outlives this one, unless one is at it."""
    mark = folder() / "compiling"
    try:
        if mark.exists() and time.time() - mark.stat().st_mtime > PATIENCE:
            mark.unlink()  # that process was killed
        mark.touch(exist_ok=False)
    except OSError:  # another process is at it, or nothing can be kept here
        return
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "nco.search.warm"]
    subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def cores() -> int:
    """Threads for chains: the cores this process may use, or $NUMBA_NUM_THREADS."""
    return int(config.NUMBA_NUM_THREADS)
