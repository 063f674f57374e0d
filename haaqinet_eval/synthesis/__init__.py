"""Makes trials without recordings: music, degradations, hearing-loss patterns."""
