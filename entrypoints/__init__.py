"""The programs: what containerd runs, the daemon, the people's command line."""
