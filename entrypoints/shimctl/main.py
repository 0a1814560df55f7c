"""`shimctl` itself: a group whose commands are loaded when they are asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from entrypoints import places

# Each module has one click command of the name `command`. A new command is a line here.
COMMANDS: Final[Mapping[str, str]] = {
    "demo": "entrypoints.shimctl.demo",
    "doctor": "entrypoints.shimctl.doctor",
    "install": "entrypoints.shimctl.install",
    "ps": "entrypoints.shimctl.ps",
    "sim": "entrypoints.shimctl.sim",
    "uninstall": "entrypoints.shimctl.uninstall",
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is run or the help lists it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.command is no click command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
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
