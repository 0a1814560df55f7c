"""The ports and the task API on the real engines."""
