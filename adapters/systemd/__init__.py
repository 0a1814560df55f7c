"""Units and jobs of systemd, over D-Bus."""
