"""Search: what happens after one rollout."""
