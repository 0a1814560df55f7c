"""One module for each call of the task API and each background rule."""
