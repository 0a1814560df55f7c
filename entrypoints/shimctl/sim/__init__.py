"""`shimctl sim`: the lifecycle rules against every known fault."""

from collections.abc import Mapping
from typing import Final

import click

from entrypoints.shimctl.lazy_group import LazyGroup

# Each module has one click command of the name `command`. A new command is a line here.
COMMANDS: Final[Mapping[str, str]] = {
    "run": "entrypoints.shimctl.sim.run",
    "check": "entrypoints.shimctl.sim.check",
    "serve": "entrypoints.shimctl.sim.serve",
    "replay": "entrypoints.shimctl.sim.replay",
    "shrink": "entrypoints.shimctl.sim.shrink",
    "bugs": "entrypoints.shimctl.sim.bugs",
    "slips": "entrypoints.shimctl.sim.slips",
    "faults": "entrypoints.shimctl.sim.faults",
    "invariants": "entrypoints.shimctl.sim.invariants",
}


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Run the lifecycle rules in the simulator.

    A seed is one small world: a few containers with their clients, faults of systemd, its bus,
    runc, the disk and containerd until a moment T0, crashes of the shim, and then the
    verdict. The same seed plays the same life again, step by step.
    """
