import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numba
import pytest

from nco.search import compiled, warm
from nco.search.compiled import PATIENCE, compile_in_background, folder, is_ready, ready_soon


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of compiled code for this test."""
    monkeypatch.setenv("NCO_CACHE", str(tmp_path / "cache"))
    folder.cache_clear()
    yield tmp_path / "cache"
    folder.cache_clear()


@pytest.fixture
def started(monkeypatch):
    """Commands of the processes that would be started."""
    commands: list[list[str]] = []
    monkeypatch.setattr(compiled.subprocess, "Popen", lambda command, **options: commands.append(command))
    return commands


def again() -> Path:
    """The folder as another process would find it."""
    folder.cache_clear()
    return folder()


def test_the_folder_is_in_the_cache_of_the_user(cache, monkeypatch, tmp_path):
    assert folder().parent == cache
    assert folder().is_dir()
    monkeypatch.delenv("NCO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert again().parent == tmp_path / "xdg" / "nco"


def test_the_folder_depends_on_every_source_its_place_and_the_compiler(cache, monkeypatch, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(Path(compiled.__file__).parent, copy)
    before = folder()
    monkeypatch.setattr(compiled, "__file__", str(copy / "compiled.py"))
    assert again() != before
    before = folder()
    assert again() == before
    (copy / "kernel.py").write_text("# for Triton, not for numba\n")
    assert again() == before
    for source in ("ruin.py", "state.py"):
        (copy / source).write_text((copy / source).read_text() + "\n")
        assert again() != before
        before = folder()
    monkeypatch.setattr(numba, "__version__", "99.0")
    assert again() != before


@pytest.mark.parametrize("trouble", ["a file is in its way", "it may not be written to"])
def test_where_nothing_can_be_kept_a_folder_for_temporary_files_serves(cache, monkeypatch, tmp_path, trouble):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    name = again().name
    if trouble == "a file is in its way":
        shutil.rmtree(cache)
        cache.write_text("")
    else:
        genuine = tempfile.TemporaryFile

        def refused(dir: Path):
            if dir.is_relative_to(cache):
                raise PermissionError(dir)
            return genuine(dir=dir)

        monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    own = tmp_path / "tmp" / f"nco-{os.getuid()}"
    assert again() == own / name
    assert own.stat().st_mode & 0o077 == 0
    assert not is_ready()
    own.chmod(0o777)  # somebody else could have put code there
    assert not again().is_relative_to(own)


def test_code_is_kept_in_the_folder_from_the_first_run_on(cache):
    kept = [str(folder()) for _ in range(2)]
    twice = compiled.compiled(_twice)
    assert twice(2.0) == 4.0
    assert list(folder().glob("**/test_compiled._twice-*.nbc"))
    assert kept == [str(folder())] * 2
    assert str(folder()) != compiled.config.CACHE_DIR


def _twice(number):
    return 2 * number


def test_the_search_is_ready_once_it_has_been_compiled(cache):
    assert not is_ready()
    code = folder() / "search_1" / "anneal.anneal-20.py311.1.nbc"
    code.parent.mkdir()
    code.write_text("")
    assert is_ready()


def test_after_a_run_the_search_is_ready():
    warm.compile_now()
    assert is_ready()
    assert ready_soon()


def test_one_process_compiles_at_a_time(cache, started):
    assert not ready_soon()
    assert not ready_soon()
    compile_in_background()
    assert started == [[sys.executable, "-m", "nco.search.warm"]]


def test_a_process_that_never_ended_is_given_up(cache, started):
    compile_in_background()
    long_ago = time.time() - PATIENCE - 1
    os.utime(folder() / "compiling", (long_ago, long_ago))
    compile_in_background()
    compile_in_background()
    assert len(started) == 2


def test_nothing_is_started_where_nothing_can_be_kept(cache, started, monkeypatch):
    shutil.rmtree(folder())
    compile_in_background()
    assert started == []
