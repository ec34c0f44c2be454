import pickle

import pytest

from nco.search import warm


@pytest.fixture
def mark(monkeypatch, tmp_path):
    """The file that says that a process compiles."""
    monkeypatch.setattr(warm, "folder", lambda: tmp_path)
    monkeypatch.setattr(warm, "is_loaded", lambda: False)
    (tmp_path / "compiling").touch()
    return tmp_path / "compiling"


def test_compiling_is_one_short_search_and_others_may_begin_one_after_it(mark, monkeypatch):
    rounds = []
    genuine = warm.Search.run
    monkeypatch.setattr(warm.Search, "run", lambda search, stop: rounds.append(search.problem) or genuine(search, stop))
    monkeypatch.setattr(warm, "is_ready", lambda: False)
    warm.compile_now()
    assert len(rounds) == 1
    assert not mark.exists()


def test_what_goes_wrong_does_not_keep_others_from_trying(mark, monkeypatch):
    monkeypatch.setattr(warm, "is_ready", lambda: False)
    monkeypatch.setattr(warm, "Search", lambda *arguments, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warm.compile_now()
    assert not mark.exists()


def test_what_is_damaged_is_made_anew(mark, monkeypatch):
    damaged, genuine = mark.parent / "anneal.nbc", warm._search_once
    damaged.touch()

    def search():
        if damaged.exists():
            raise pickle.UnpicklingError("pickle data was truncated")
        genuine()

    monkeypatch.setattr(warm, "is_ready", damaged.exists)
    monkeypatch.setattr(warm, "_search_once", search)
    warm.compile_now()
    assert not damaged.exists()


def test_what_is_loaded_is_not_loaded_again(monkeypatch):
    warm.compile_now()
    assert warm.is_loaded()
    monkeypatch.setattr(warm, "_search_once", None)
    warm.compile_now()
