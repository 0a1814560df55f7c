"""Deterministic scheduler, fakes for every port, and the world they share."""
