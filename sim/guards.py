"""Which invariants would break if the shim could not stand a fault: what makes it worth drawing.

Ids are of sim/invariants.py; the faults' numbers are of sim/faults.py, and each has its line here.
"""

from collections.abc import Mapping
from typing import Final

GUARDS: Final[Mapping[str, tuple[str, ...]]] = {
    # The bus and systemd.
    "F49": ("S13", "S16", "S19", "L6"),  # a unit of the name is there already
    "F50": ("S12", "S13", "S19", "L6"),  # a job that did nothing, or more than it says
    "F52": ("S13", "S16", "S19", "L6"),  # a create that takes longer than its caller waits
    "F53": ("S13", "L3"),  # no signal tells of a job's end
    "F54": ("S31", "L1", "L3", "L6"),  # systemd leaves the bus for a while, with all answers
    "F55": ("S31", "L4", "L6"),  # done, and said not to be
    "F56": ("L1", "L2"),  # no hint of an exit comes
    "F58": ("S13", "S31", "L3", "L6"),  # no answer comes
    "F59": ("S12", "S19"),  # `done` of a job that did nothing
    "F60": ("S13", "S19", "L6"),  # no job during a shutdown
    "F64": ("S13", "L3", "L6"),  # a pid file that says nothing, or late
    "F67": ("S5", "S12"),  # readiness is not heard of in time
    "F70": ("S5", "S7", "L1", "L4"),  # the cgroup is empty before the exit is known
    "F77": ("L1", "L3"),  # systemd reloads, and hears nobody meanwhile
    "F86": ("S12", "S13", "S22", "L6"),  # a child of systemd's that never becomes the program
    "F87": ("S5", "S7", "S11", "L1", "L2"),  # systemd is off the bus
    "F88": ("S31", "L2", "L3"),  # every answer takes its time
    "F89": ("S5", "L2", "L3"),  # none comes
    "F90": ("S13", "S17", "S31", "L4", "L6"),  # the connection ends in the middle of a call
    "F91": ("S5", "L1"),  # signals queue up, and come when the name is another unit's
    "F92": ("S5", "S17", "L1", "L6"),  # and with it the references
    "F94": ("S13", "L4", "L6"),  # a call does not even leave
    "F97": ("S5", "L13"),  # a signal comes again
    "F98": ("S5", "S13", "S17", "L1", "L6"),  # the bus is away, with references and signals
    # runc.
    "F83": ("S12", "S13", "S22", "L6"),  # no process can be forked
    "F101": ("S13", "L4", "L6"),  # killed half way
    "F102": ("S12", "L3", "L4", "L6"),  # it, or what it waits for, hangs
    "F103": ("L3", "L4"),  # its lock is held
    "F104": ("S12", "S22", "L4"),  # it has lost the container
    "F105": ("L4", "L6"),  # the cgroup is busy
    "F107": ("S13", "L3", "L6"),  # its create waits for somebody
    # The kernel, the disk and the streams.
    "F28": ("S9", "S18"),  # a pid is somebody else's at once
    "F29": ("S9", "S33"),  # or another program's of the same container
    "F36": ("L3", "L4"),  # a reader goes, with something unread
    "F38": ("L3", "L4"),  # a reader stops
    "F81": ("S5", "S7", "L1"),  # the kernel kills one for its memory
    "F122": ("S4", "S8", "S9"),  # the wall clock is set
    "F37": ("S13", "L3", "L6"),  # a FIFO that cannot be opened
    "F44": ("S12", "S13", "L6"),  # a terminal that does not come
    "F45": ("S13", "L3", "L6"),  # a stream that comes late
    "F100": ("L4", "L6"),  # a cgroup that stays frozen
    "F106": ("L4", "L6"),  # a mount that is busy
    "F116": ("S7", "S11", "L1", "L6"),  # the disk is full
    # containerd.
    "F11": ("S1", "S2", "S4", "L1", "L9"),  # its event service is away, or its answers get lost
}
