"""`shimctl sim serve`: a shim that fails in known, repeatable ways, for other people's tests."""

import asyncio
import errno
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from returns.result import Failure

if TYPE_CHECKING:
    from entrypoints.simulated.clockwork import Pace
    from entrypoints.simulated.scenario import Scenario
    from entrypoints.simulated.shim import Place
    from sim.world.story import Story

# The longest path that a unix socket can have (unix(7), sun_path).
PATH_BYTES_MAX: Final = 107


@click.command()
@click.option(
    "--socket",
    "path",
    required=True,
    metavar="PATH",
    help="Where to serve; made at the start, removed at the end.",
)
@click.option("--seed", default=1, show_default=True, help="What all faults are drawn from.")
@click.option(
    "--faults",
    "fault_text",
    default="none",
    show_default=True,
    metavar="LIST",
    help="Which faults are on: `none`, `all`, `some` (the seed draws them), or numbers, each"
    " with a rate of its own if you like: F94,F58=0.5,F101=1.",
)
@click.option(
    "--faults-end",
    type=click.FloatRange(min=0.0),
    metavar="SECONDS",
    help="From then on, in the simulated time, nothing goes wrong any more.",
)
@click.option(
    "--crashes",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="How often the shim dies, at moments that the seed draws. All connections are closed;"
    " after a moment the next one serves on the same socket, and has found the containers again.",
)
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.001, max=1_000_000.0),
    metavar="TIMES",
    help="How much faster than the clock the simulated time goes: a program that runs 60 s has"
    " ended after 1 s with 60, and an answer that is 45 s late comes after 0.75 s.",
)
@click.option(
    "--namespace",
    default="",
    help="Whose containers these are, where the client does not say (containerd 1.6 and 1.7).",
)
@click.option(
    "--events",
    envvar="TTRPC_ADDRESS",
    default="",
    metavar="ADDRESS",
    help="Where events go: a ttrpc socket. A bundle's own start note comes first."
    " Default: $TTRPC_ADDRESS.",
)
@click.option(
    "--launcher",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Writes the program that containerd runs; call it containerd-shim-simulated-v1 and"
    " put it on containerd's PATH. Removed at the end.",
)
@click.option("--story", is_flag=True, help="Tell what happens, line by line.")
def command(  # noqa: PLR0913, PLR0917 (one for each option)
    path: str,
    seed: int,
    fault_text: str,
    faults_end: float | None,
    crashes: int,
    speed: float,
    namespace: str,
    events: str,
    launcher: Path | None,
    story: bool,  # noqa: FBT001 (click's signature)
) -> None:
    """Serve containerd's task API from a simulated node.

    The lifecycle rules that run in production, on a world in which systemd, runc, the kernel and
    the disk are simulated and fail as the seed says. The client is real: it speaks ttrpc (task
    API v2 and v3), its FIFOs are opened, written and closed, its event service is told. The same
    seed and the same calls, one after the other, get the same answers. No root, no container.

    A container's program is what its environment says (SIM_EXIT=3 SIM_RUNS=2s
    SIM_OUTPUT=text); of an exec SIM_EXEC_EXIT and so on. Nothing else of its config.json is
    looked at. docs/simulated-shim.md in a checkout tells all of it.

    \b
        shimctl sim serve --socket /tmp/shim.sock --seed 7 --faults some
        shimctl sim serve --socket /tmp/shim.sock --faults F101=1 --crashes 3 --speed 10

    \b
    With containerd itself:
        shimctl sim serve --socket /run/sim.sock --namespace default \\
            --launcher /usr/local/bin/containerd-shim-simulated-v1 &
        ctr run --rm --runtime io.containerd.simulated.v1 \\
            --env SIM_OUTPUT=hello --env SIM_EXIT=3 IMAGE web; echo $?

    TERM or Ctrl-C ends it. Exit status: 0 then, 1 if it cannot serve there, 2 misused.
    """
    # 200 ms, and only this command wants it.
    from entrypoints.simulated.aloud import Aloud  # noqa: PLC0415
    from entrypoints.simulated.clockwork import Pace  # noqa: PLC0415
    from entrypoints.simulated.scenario import Scenario, chosen_faults  # noqa: PLC0415
    from entrypoints.simulated.shim import Place  # noqa: PLC0415

    faults = chosen_faults(fault_text)
    if isinstance(faults, Failure):
        raise click.UsageError(f"--faults: {faults.failure()}")
    path = str(Path(path).absolute())
    if len(path.encode()) > PATH_BYTES_MAX:
        raise click.UsageError(
            f"--socket: a unix socket's path has at most {PATH_BYTES_MAX} bytes: {path}"
        )
    scenario = Scenario(seed, faults.unwrap(), crashes, faults_end)
    place = Place(path, namespace, events)
    asyncio.run(
        _serve(scenario, place, Pace(speed), launcher, Aloud(say=click.echo if story else None))
    )


async def _serve(
    scenario: "Scenario", place: "Place", pace: "Pace", launcher: Path | None, story: "Story"
) -> None:
    from entrypoints.simulated.shim import SimulatedShim  # noqa: PLC0415 (as above)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shim = SimulatedShim(scenario, place, pace, story)
    try:
        shim.open()
    except OSError as why:
        raise click.ClickException(_cannot_serve(place.socket, why)) from why
    try:
        if launcher is not None:
            _write_launcher(launcher, place.socket)
        click.echo(f"serving on {place.socket}, seed {scenario.seed}")
        await stop.wait()
    finally:
        if launcher is not None:
            _remove_launcher(launcher)
        await shim.close()
    click.echo(f"ended; the shim has died {shim.crashes} times")


def _cannot_serve(path: str, why: OSError) -> str:
    from entrypoints.shim import control  # noqa: PLC0415 (as above)

    if why.errno == errno.EADDRINUSE and control.listens(path) is True:
        return f"somebody serves on {path} already"
    if why.errno == errno.EADDRINUSE:
        return f"{path} exists already, and nobody serves there: remove it, or take another path"
    if why.errno == errno.ENOENT:
        return f"there is no folder {Path(path).parent} to put the socket into"
    return f"cannot serve on {path}: {why.strerror}"


def _write_launcher(launcher: Path, socket: str) -> None:
    from entrypoints.simulated.launcher import text  # noqa: PLC0415 (as above)

    if launcher.exists() and not _is_ours(launcher):
        raise click.ClickException(f"{launcher} exists already and is another program")
    try:
        launcher.write_text(text(socket))
        launcher.chmod(0o755)
    except OSError as why:
        raise click.ClickException(f"cannot write {launcher}: {why.strerror}") from why


def _remove_launcher(launcher: Path) -> None:
    if _is_ours(launcher):
        launcher.unlink()


def _is_ours(launcher: Path) -> bool:
    from entrypoints.simulated.launcher import MARK  # noqa: PLC0415 (as above)

    try:
        return MARK in launcher.read_text(errors="replace")
    except OSError:
        return False
