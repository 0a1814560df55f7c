"""The search through seeds: what they reach, what to try next, the shortest story of a find."""
