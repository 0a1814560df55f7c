"""The rules of a container's life; pure: no I/O, no clock, no event loop."""
