"""Policies by name. A card names a policy and its options; nothing in a file can name code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from nco.errors import Fault, WeightsError, did_you_mean
from nco.policies.attention import AttentionPolicy
from nco.policies.base import Memory, Policy, Query
from nco.policies.camp import CampPolicy
from nco.policies.profiles import ProfilesPolicy
from nco.policies.rrnco import RrncoPolicy
from nco.policies.unified import UnifiedPolicy

__all__ = [
    "POLICIES",
    "AttentionPolicy",
    "CampPolicy",
    "Memory",
    "Policy",
    "ProfilesPolicy",
    "Query",
    "RrncoPolicy",
    "UnifiedPolicy",
    "make_policy",
]

#: Policy name -> class.
POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (AttentionPolicy, UnifiedPolicy, ProfilesPolicy, RrncoPolicy, CampPolicy)
}


def make_policy(name: str, options: Mapping[str, Any]) -> Policy:
    """A fresh policy; raises WeightsError for an unknown name or option."""
    if name not in POLICIES:
        raise WeightsError(Fault("W406", "policy", f"'{name}' is unknown", did_you_mean(name, POLICIES)))
    try:
        return POLICIES[name](**options)
    except ValidationError as error:
        faults = [
            Fault("W405", f"policy '{name}': {'.'.join(map(str, e['loc']))}", e["msg"], "Correct the policy's options")
            for e in error.errors(include_url=False)
        ]
        raise WeightsError(faults) from error
