"""`shimctl install`."""

import os
import shutil
from pathlib import Path

import click

from entrypoints import places
from entrypoints.shimctl import installation, installed_file, steps, this_program
from entrypoints.shimctl.installation import Installation, Program


@click.command(name="install", short_help="Install the shim, or bring it up to date.")
@click.option(
    "--bin-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=installation.DEFAULT_BIN_DIR,
    show_default=True,
    help="Where containerd finds programs: a folder of its PATH.",
)
@click.option(
    "--unit-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=installation.DEFAULT_UNIT_DIR,
    show_default=True,
    help="Where systemd finds units.",
)
@click.option(
    "--containerd-address",
    default=installation.DEFAULT_CONTAINERD_ADDRESS,
    show_default=True,
    metavar="SOCKET",
    help="containerd's socket; events go to SOCKET.ttrpc unless containerd says otherwise.",
)
@click.option(
    "--restart-daemon",
    is_flag=True,
    help="Replace a running daemon even where containers run (see above).",
)
def command(
    *, bin_dir: Path, unit_dir: Path, containerd_address: str, restart_daemon: bool
) -> None:
    """Install the shim on this node, or bring an installation up to date.

    \b
    It puts three files in place, each only if it differs:
      BIN_DIR/containerd-shim-systemd-v1         what containerd runs for each container
      UNIT_DIR/containerd-shim-systemd.service   the daemon
      UNIT_DIR/containerd-shim-systemd.socket    starts the daemon on first use
    and enables and starts the socket. Run it again after every upgrade.

    Running containers are not touched. A running daemon is replaced when its code or its unit
    has changed, but not while containers run: containerd takes the lost connection for the end
    of their shim and removes them. --restart-daemon does it all the same.
    """
    steps.need_root("install", os.geteuid())
    program = this_program.program()
    _check(program, containerd_address)
    plan = installation.plan(program, bin_dir.absolute(), unit_dir.absolute(), containerd_address)
    if not this_program.compile_all(program.app):
        click.echo(f"warning: no byte code in {program.app}: each start will be slower", err=True)
    socket_changed = _write(plan)
    steps.job("enable", places.SOCKET_UNIT)
    mark = installation.mark_of(plan.service.text)
    _bring_up(mark, socket_changed=socket_changed, force=restart_daemon)
    _say_what_is_next(bin_dir, containerd_address)


def _check(program: Program, containerd_address: str) -> None:
    """What would only show up when containerd runs the first container."""
    if not containerd_address.startswith("/") or "\n" in containerd_address:
        raise click.UsageError("--containerd-address is the absolute path of a socket")
    shebang = f"#!{program.python} -IS\n"
    if " " in str(program.python) or len(shebang.encode()) > installation.SHEBANG_BYTES_MAX:
        steps.stop(f"the kernel cannot run a script by an interpreter at {program.python}")
    others = this_program.writable_by_others(program.app)
    if others is not None:
        click.echo(
            f"warning: {others} can be changed by others than root, and what lies below it "
            "will run as root for every container",
            err=True,
        )


def _write(plan: Installation) -> bool:
    """Writes what differs; whether the socket's unit did.

    The units come first: a launcher without them would fail each container.
    """
    files = (plan.service, plan.socket, plan.launcher)
    changed = [steps.must(installed_file.write(file)) for file in files]
    for file, is_new in zip(files, changed, strict=True):
        click.echo(f"{'wrote  ' if is_new else 'current'} {file.path}")
    if changed[0] or changed[1]:
        steps.reload_units()
    return changed[1]


def _bring_up(mark: str, *, socket_changed: bool, force: bool) -> None:
    """Socket and daemon as the files say now; `mark` is that of the installed unit."""
    is_up = steps.daemon_is_up()
    socket_is_up = steps.active_state(places.SOCKET_UNIT) == "active"
    is_outdated = socket_changed or not socket_is_up or steps.daemons_mark() != mark
    must_replace = is_up and is_outdated
    containers = steps.running_containers() if must_replace else 0
    if must_replace and containers and not force:
        click.echo(
            f"warning: the running daemon is not the installed one; it was left alone because "
            f"{containers} container(s) run. When they have ended, run `shimctl install` again, "
            "or use --restart-daemon",
            err=True,
        )
        return
    if must_replace:
        # systemd starts no socket whose service runs ("already active, refusing").
        steps.job("stop", places.SERVICE_UNIT)
    if socket_changed and socket_is_up:
        steps.job("stop", places.SOCKET_UNIT)
    steps.job("start", places.SOCKET_UNIT)
    if must_replace:
        steps.job("start", places.SERVICE_UNIT)
        click.echo("the daemon was replaced")


def _say_what_is_next(bin_dir: Path, containerd_address: str) -> None:
    if shutil.which(places.BINARY) is None:
        click.echo(
            f"warning: {bin_dir} is not on this shell's PATH; `shimctl doctor` says whether it "
            "is on containerd's",
            err=True,
        )
    click.echo(
        f"installed\n\n{installation.containerd_configuration(containerd_address)}", nl=False
    )
