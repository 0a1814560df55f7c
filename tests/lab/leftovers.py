"""What containers have left behind on a machine."""

import time
from collections import Counter
from typing import Final

from tests.lab.containers import PATIENCE_SECONDS, SERVICE
from tests.lab.root import Root

Traces = Counter[str]

# The last steps of a removal go on beside the answer: events that are told, units that are
# collected, connections whose other end has closed.
LOOK_AGAIN_SECONDS: Final = 0.25

# One trace a line. Descriptors are told by kind: the numbers of sockets and pipes mean nothing.
_LOOK: Final = f"""
units='io-containerd-systemd-*'
systemctl list-units --all --plain --no-legend "$units" | sed 's/^/unit /'
findmnt -rno TARGET | grep containerd | sed 's/^/mount /' || true
for folder in /run/containerd/runc/*; do
    [ -d "$folder" ] || continue
    runc --root "$folder" list -q | sed 's/^/runc /'
done
find /run/containerd-systemd/state -type f | sed 's/^/record /'
find /sys/fs/cgroup -type d -name "$units" | sed 's/^/cgroup /'
find /run/containerd/fifo /run/containerd/io.containerd.runtime.v2.task -mindepth 2 2>/dev/null |
    sed 's/^/file /' || true
pgrep -af 'reaper.py|runc (create|exec|start)|subgroup.py' | sed 's/^[0-9]*/process/' || true
daemon=$(systemctl show -P MainPID {SERVICE})
for fd in /proc/$daemon/fd/*; do readlink "$fd" || true; done |
    sed 's/:\\[[0-9]*\\]//; s/^/descriptor /'
"""


def traces(root: Root) -> Traces:
    """Everything of containers that a machine has now."""
    return Counter(root.shell(_LOOK).splitlines())


def left_behind(root: Root, before: Traces) -> list[str]:
    """What is there that was not before and does not go within a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS / 4
    while True:
        left = traces(root) - before
        if not left or time.monotonic() > deadline:
            return sorted(left.elements())
        time.sleep(LOOK_AGAIN_SECONDS)
