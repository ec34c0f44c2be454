import pytest

from nco.errors import WeightsError
from nco.policies import make_policy


def test_an_unknown_policy_names_the_nearest():
    with pytest.raises(WeightsError, match="Did you mean 'attention'") as caught:
        make_policy("atention", {})
    assert caught.value.codes == ("W406",)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"widht": 64}, "widht"),
        ({"width": "wide"}, "width"),
        ({"width": 0}, "width"),
        ({"width": 10**9}, "width"),
        ({"layers": 10**9}, "layers"),
        ({"clip": -1.0}, "clip"),
        ({"width": 30, "heads": 8}, "multiple of heads"),
        ({"_target_": "os.system"}, "_target_"),
    ],
)
def test_an_option_that_the_policy_does_not_accept_is_named(options, place):
    with pytest.raises(WeightsError, match=place) as caught:
        make_policy("attention", options)
    assert caught.value.codes == ("W405",)


def test_all_wrong_options_are_named_at_once():
    with pytest.raises(WeightsError) as caught:
        make_policy("attention", {"width": -1, "layers": 0, "colour": "red"})
    assert len(caught.value.faults) == 3
