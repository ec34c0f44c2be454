import threading

import pytest

from nco.train.ahead import Ahead


def test_everything_is_what_its_number_says_in_any_order():
    ahead = Ahead(lambda number: 10 * number)
    assert [ahead(number) for number in (3, 4, 5, 9, 1, 1, 2)] == [30, 40, 50, 90, 10, 10, 20]


def test_the_next_is_made_while_this_one_is_used():
    begun = {number: threading.Event() for number in range(3)}

    def make(number):
        begun[number].set()
        return number

    ahead = Ahead(make)
    assert not begun[0].is_set()  # nothing before it is asked for
    assert ahead(0) == 0
    assert begun[1].wait(10)
    assert not begun[2].is_set()


def test_what_went_wrong_is_raised_where_it_is_asked_for():
    def make(number):
        if number == 1:
            raise ValueError("no such batch")
        return number

    ahead = Ahead(make)
    assert ahead(0) == 0
    with pytest.raises(ValueError, match="no such batch"):
        ahead(1)
    assert ahead(2) == 2
