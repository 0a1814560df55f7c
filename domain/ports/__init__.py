"""What the rules need from the world, as protocols."""
