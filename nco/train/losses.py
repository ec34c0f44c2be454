"""What a policy learns from S rollouts of a problem: losses from costs [B, S] and log-probabilities [B, S].

Costs enter by their differences within a problem only, and no gradient flows into them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Sharpness of preferences; 0.03 to 0.05 for routing in the paper.
ALPHA = 0.05


def reinforce(cost: Tensor, log_p: Tensor, best_of: int = 1) -> Tensor:
    """REINFORCE; the baseline is the mean over the problem's rollouts (POMO, Kwon et al. 2020).

    best_of: learn to make the best of k rollouts cheap instead of the mean. Advantages are divided by their standard
    deviation, so that every problem weighs the same; differences far below a ten-thousandth of the cost are rounding
    and count as none.
    """
    mean = cost.mean(dim=1, keepdim=True)
    worth = cost if best_of == 1 else share_of_best(cost, best_of)
    advantage = worth - worth.mean(dim=1, keepdim=True)
    advantage = advantage / (worth.std(dim=1, keepdim=True) + 1e-4 * mean + 1e-9)
    return (advantage.detach() * log_p).mean()


def share_of_best(cost: Tensor, best_of: int) -> Tensor:
    """Mean cost [B, S] of the best of k >= 2 rollouts, over all choices of k that contain this one.

    The weights of an unbiased gradient of the expected best of k (Walder and Karkhanis 2025, "Pass@K policy
    optimization", theorem for continuous rewards).
    """
    rollouts = cost.shape[1]
    ordered, order = cost.sort(dim=1)
    worse = torch.arange(rollouts - 1, -1, -1, dtype=torch.float64, device=cost.device)  # how many cost more
    alone = _binomial(worse, best_of - 1)  # choices of k in which it is the best
    below = _binomial(worse - 1, best_of - 2)  # choices of k with a given worse one in which it is the best
    of_better = (ordered * below).cumsum(dim=1) - ordered * below
    worth = (ordered * alone + of_better) / _binomial(worse[:1], best_of - 1)
    return torch.empty_like(cost).scatter_(1, order, worth.to(cost.dtype))


def preference(cost: Tensor, log_p: Tensor) -> Tensor:
    """Preference optimisation (Pan et al. 2025): of any two rollouts of a problem, the cheaper one should be likelier.

    By how much it is cheaper does not matter, so that differences count as much late in training as early.
    """
    better = cost[:, :, None] < cost[:, None, :]  # [B, S, S]: the first is better than the second
    sharper = ALPHA * (log_p[:, :, None] - log_p[:, None, :])
    return -(F.logsigmoid(sharper) * better).sum() / better.sum().clamp(min=1)


def _binomial(n: Tensor, k: int) -> Tensor:
    """Numbers of choices of k of n; zero where there are too few."""
    value = torch.lgamma(n + 1) - torch.lgamma(torch.tensor(k + 1.0)) - torch.lgamma((n - k).clamp(min=0) + 1)
    return torch.where(n >= k, value.exp(), 0.0)
