"""`shimctl` itself: a group whose commands are loaded when they are asked for."""

from collections.abc import Mapping
from typing import Final

import click

from entrypoints import places
from entrypoints.shimctl.lazy_group import LazyGroup

# Each module has one click command of the name `command`. A new command is a line here.
COMMANDS: Final[Mapping[str, str]] = {
    "demo": "entrypoints.shimctl.demo",
    "doctor": "entrypoints.shimctl.doctor",
    "install": "entrypoints.shimctl.install",
    "ps": "entrypoints.shimctl.ps",
    "sim": "entrypoints.shimctl.sim",
    "uninstall": "entrypoints.shimctl.uninstall",
}


@click.group(
    cls=LazyGroup, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(places.VERSION, "-V", "--version", prog_name="shimctl")
def shimctl() -> None:
    """Install, check and look into the systemd shim of containerd.

    The shim runs every container as a systemd unit. Install it once on a node, then name it as
    the runtime of a container:

    \b
        shimctl install
        shimctl doctor
        ctr run --rm --runtime io.containerd.systemd.v1 IMAGE NAME COMMAND
        shimctl ps

    Exit status: 0 done, 1 something is wrong, 2 the command line was not understood.
    """
