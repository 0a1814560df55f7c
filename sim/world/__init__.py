"""The small world: what the rules' ports lead to in a simulation."""
