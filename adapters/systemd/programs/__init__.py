"""Little programs that units run, each by its path and on its own: `python3 -IS FILE`."""
