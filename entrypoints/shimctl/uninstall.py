"""`shimctl uninstall`."""

import os
import shutil
from pathlib import Path
from typing import Final

import click

from adapters.runc import sealed_copy
from entrypoints import places
from entrypoints.shimctl import installation, installed_file, steps

_UNITS: Final = (places.SOCKET_UNIT, places.SERVICE_UNIT)


@click.command(name="uninstall", short_help="Take the shim off this node.")
@click.option(
    "--bin-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=installation.DEFAULT_BIN_DIR,
    show_default=True,
    help="Where `shimctl install` put the program that containerd runs.",
)
@click.option(
    "--unit-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=installation.DEFAULT_UNIT_DIR,
    show_default=True,
    help="Where it put the units.",
)
def command(*, bin_dir: Path, unit_dir: Path) -> None:
    """Take the shim off this node; running containers are not touched.

    Afterwards containerd can start no container with it. Where containers run, the daemon stays
    for them until the next boot, so that they can be stopped and removed as always: stopping it
    would make containerd forget them while they run on. Run uninstall again when they have ended.
    """
    steps.need_root("uninstall", os.geteuid())
    containers = steps.running_containers()
    # The launcher first: from here on nothing new begins.
    _remove(bin_dir / places.BINARY)
    if steps.is_enabled(places.SOCKET_UNIT):
        steps.job("disable", places.SOCKET_UNIT)
    if not containers:
        _stop()
    removed = [_remove(unit_dir / unit) for unit in _UNITS]
    if any(removed):
        steps.reload_units()
    if containers:
        click.echo(
            f"{containers} container(s) still run (see `shimctl ps`), and the daemon stays for "
            "them. When they have ended, run `shimctl uninstall` again"
        )
        return
    sealed_copy.remove(Path(places.sealed_runc(places.RUN_FOLDER)))  # a daemon may have been killed
    shutil.rmtree(places.RUN_FOLDER, ignore_errors=True)
    click.echo("uninstalled; no containers were running")


def _stop() -> None:
    """Both units, the socket first: nothing may start the daemon again (R023)."""
    for unit in _UNITS:
        if steps.active_state(unit) not in {"inactive", "failed"}:
            steps.job("stop", unit)
    steps.forget_failures(*_UNITS)


def _remove(path: Path) -> bool:
    gone = steps.must(installed_file.remove(path))
    if gone:
        click.echo(f"removed {path}")
    return gone
