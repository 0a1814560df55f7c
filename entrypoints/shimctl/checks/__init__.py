"""What `shimctl doctor` looks at: one module for each neighbour of the shim."""
