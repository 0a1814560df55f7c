"""The daemon: one for each node, started by systemd when somebody connects."""
