"""Bugs that shims and runtimes have had, each to be put into the rules for a while."""
