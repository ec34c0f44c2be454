from importlib.resources import files

import pytest

from nco.errors import NcoError
from nco.train.config import compose, explain
from nco.train.run import make_learner

EXPERIMENTS = sorted(
    path.name.removesuffix(".yaml")
    for path in (files("nco.configs") / "experiment").iterdir()
    if path.name.endswith(".yaml")
)


def refused(*overrides: str) -> tuple[str, str]:
    """Codes and message of the error that composing gives."""
    with pytest.raises(NcoError) as caught:
        compose(overrides)
    return ",".join(caught.value.codes), str(caught.value)


def test_there_are_experiments():
    assert {"smoke", "cvrp"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_can_be_composed_and_built(experiment, drawn):
    config = compose([f"experiment={experiment}"])
    learner = make_learner(config)
    assert config.name == experiment
    assert learner.policy.config["features"] == learner.env.num_features
    assert max(learner.config.sizes) == max(config.env.sizes)


@pytest.mark.parametrize("group", ["env", "policy", "trainer", "validation"])
def test_every_choice_of_a_group_can_be_composed(group):
    names = [path.stem for path in (files("nco.configs") / group).iterdir() if path.name.endswith(".yaml")]
    assert names
    for name in names:
        assert compose([f"{group}={name}"]).overrides == (f"{group}={name}",)


@pytest.mark.parametrize(
    ("override", "nearest"),
    [
        ("trainer.max_step=10", "trainer.max_steps"),
        ("trainer.optimizer.muon_rat=1", "trainer.optimizer.muon_rate"),
        ("polcy.width=10", "policy.width"),
        ("sed=1", "seed"),
        ("+trainer.max_step=10", "trainer.max_steps"),
        ("+trainer.optimizer.clipp=10", "trainer.optimizer.clip"),
    ],
)
def test_an_unknown_key_names_the_nearest(override, nearest):
    code, message = refused(override)
    assert code == "C501"
    assert f"Did you mean '{nearest}'" in message


def test_the_nearest_key_is_one_of_what_else_was_chosen():
    with pytest.raises(NcoError, match=r"policy\.objectve.*Did you mean 'policy\.objective'"):
        compose(["experiment=minmax", "policy.objectve=max"])


@pytest.mark.parametrize(
    ("override", "nearest"),
    [("experiment=smok", "smoke"), ("env=cvrp_mix", "cvrp_mixed"), ("trainer=cpus", "cpu"), ("policy=attend", "att")],
)
def test_an_unknown_choice_names_the_nearest(override, nearest):
    code, message = refused(override)
    assert code == "C503"
    assert nearest in message.partition("unknown")[2]


@pytest.mark.parametrize(
    "override",
    [
        "trainer.batch_size=many",
        "trainer.batch_size=0",
        "trainer.starts=1",
        "trainer.max_time=-1",
        "trainer.best_of=21",
        "trainer.loss=hope",
        "trainer.rescore_memory=0",
        "trainer.logger=paper",
        "trainer.accelerator=gpus",
        "trainer.optimizer.clip=0",
        "trainer.optimizer.decay_from=1",
        "env.sizes=[]",
        "env.sizes=[20,1]",
        "validation.sets=[[cvrp]]",
        "seed=one",
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_its_place(override):
    code, message = refused("experiment=smoke", override)
    assert code == "C503"
    assert message.startswith(f"C503 {override.partition('=')[0]}")


def test_all_wrong_values_are_named_at_once():
    code, message = refused("trainer.batch_size=0", "+trainer.speed=high", "seed=one")
    assert code == "C501,C503" or code == "C503,C501"
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize("text", ["trainer.max_steps", "=", "a b", "trainer=[", "--cfg", ""])
def test_what_is_no_override_is_an_error(text):
    assert refused(text)[0] in ("C501", "C503")


def test_a_preset_with_a_city_file_needs_a_name_for_its_weights():
    code, message = refused("env.preset=rcvrp:data/city.npz")
    assert code == "C503"
    assert "name=my_city" in message
    assert compose(["env.preset=rcvrp:data/city.npz", "name=my_city"]).env.preset == "rcvrp:data/city.npz"


def test_a_run_without_an_end_is_refused():
    code, message = refused("trainer.max_steps=0", "trainer.max_time=null")
    assert code == "C503"
    assert "never end" in message


@pytest.mark.parametrize("override", ["env.preset=cvpr", "validation.sets=[[cvpr,20]]"])
def test_an_unknown_preset_names_the_nearest_before_anything_is_learnt(override):
    with pytest.raises(NcoError, match="Did you mean 'cvrp'"):
        make_learner(compose(["experiment=smoke", override]))


@pytest.mark.parametrize(("override", "code"), [("policy.name=atention", "W406"), ("policy.heads=7", "W405")])
def test_a_policy_that_cannot_be_made_is_refused(override, code):
    with pytest.raises(NcoError) as caught:
        make_learner(compose(["experiment=smoke", override]))
    assert caught.value.codes == (code,)


def test_the_command_repeats_the_run_and_can_be_pasted_into_a_shell():
    config = compose(["experiment=smoke", "env.sizes=[20,30]", "resume=a.ckpt", "out=b"])
    assert config.command == "nco train experiment=smoke 'env.sizes=[20,30]' resume=a.ckpt out=b"
    assert config.resume_command == "nco train experiment=smoke 'env.sizes=[20,30]' out=b resume=b/last.ckpt"


def test_the_explanation_lists_every_group_and_key():
    text = explain()
    assert all(
        choice in text
        for choice in (
            "experiment=camp|cvrp|minmax|profiles|rrnco|smoke",
            "env=cvrp|cvrp_mixed|minmax|profiles|roads",
            "trainer=cpu|default",
        )
    )
    assert all(f"{key}:" in text for key in ("max_steps", "decay_from", "sizes", "resume", "feedforward"))
