"""Bridge: any preset as an environment of RL4CO, on which its models train. Needs the extra 'train'.

    from nco.envs.rl4co import PresetEnv, embeddings
    model = rl4co.models.POMO(PresetEnv("cvrp", size=50))
    env = PresetEnv("hcvrp", size=50)
    model = rl4co.models.AttentionModel(env, policy_kwargs=embeddings(env))

Where RL4CO has a problem that says all that ours say, keys and shapes are RL4CO's ("tsp", "atsp", "cvrp", "pdp",
"mtvrp"), and its policies and files fit as they are. All other presets keep our keys; `embeddings` gives the modules
with which RL4CO's policies read them.
"""

from .embeddings import embeddings
from .env import PresetEnv, PresetGenerator

__all__ = ["PresetEnv", "PresetGenerator", "embeddings"]
