"""What the shim costs, beside what containerd's own costs, in the same machine and minute."""
