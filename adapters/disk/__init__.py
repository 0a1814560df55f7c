"""Bundles and records on disk."""
