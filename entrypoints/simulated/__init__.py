"""A shim for other people's tests: the real rules on a simulated node, behind a real socket.

The only place that knows both worlds. A client speaks ttrpc with it, its FIFOs and its event
service are real; systemd, runc, the kernel and the disk are simulated and fail as a seed says.
"""
