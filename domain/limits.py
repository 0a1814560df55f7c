"""How long anything may take, and why so long. Seconds, unless the name says otherwise.

A limit that passes says nothing of what was waited for (S34): whoever waits looks again
before it answers.
"""

from typing import Final, NewType

Seconds = NewType("Seconds", float)

# A create with hooks, a loaded PID 1 and a slow disk took 40 s in the field (F52, F88).
START_JOB_S: Final = 120
# systemd ends the start itself after START_JOB_S; the rest is for its answer to arrive.
START_ANSWER: Final = Seconds(START_JOB_S + 10)
# From TERM to KILL on `systemctl stop`; kubelet's own grace period is as long.
STOP_S: Final = 30
# A stop of a unit whose processes are dead already; PID 1 may be busy (F88).
RELEASE: Final = Seconds(40)
# One read or one kill over the bus; PID 1 was seen off the bus for 25 s (F87).
BUS: Final = Seconds(30)
# runc waits 10 s itself in `delete --force`; a stuck one must not hold an answer longer (F102).
RUNC: Final = Seconds(30)
# How many times recovery asks a runc that does not answer.
RUNC_ASKED: Final = 3
# As runc.v2 does: a client that has not opened its FIFOs by then will not (T242).
STDIO: Final = Seconds(30)
CONSOLE: Final = Seconds(30)
# What is in a FIFO when its program is gone, until its reader has it (T176).
DRAIN: Final = Seconds(10)
# After KILL a process ends at once, unless the kernel holds it (D state, L10).
DEATH: Final = Seconds(10)
# How often and how many times the unit of a killed process is read until it shows the end.
DEATH_LOOK: Final = Seconds(0.05)
DEATH_LOOKS: Final = 200
# After a restart: how often, and how many times, the unit of a start that was under way is
# read until its job is over; as long together as the job itself may take.
START_LOOK: Final = Seconds(0.1)
START_LOOKS: Final = START_JOB_S * 10
# After a restart nobody is answered before the tasks are found again; what takes longer
# (a stuck unit) is answered from the record meanwhile (L7).
RECOVERY: Final = Seconds(20)
# A mount or unmount of a network file system; it goes on in its thread when we stop waiting.
MOUNT: Final = Seconds(60)
# How long a container's exit waits for the exits of its execs, which die with it (F01).
EXECS_FIRST: Final = Seconds(2)
# All units are read again this often: signals can stop without a word (F56, L5).
RESYNC: Final = Seconds(60)
# Between a Start's success and the pid: read at once, so a second look is for a lost answer.
PID_LOOK: Final = Seconds(1)
# How many deleted containers are remembered until containerd asks for their clean-up, which it
# does at once.
DELETED_WHOLE: Final = 1_000
