"""The way of the domain's events to containerd."""
