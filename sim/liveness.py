"""What must have come about once faults have ended and time has passed."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Final

from domain.event import ExecStarted, TaskDeleted, TaskExited, TaskStarted
from domain.unit_name import unit_name
from sim.honesty import QUIET, SOON_S
from sim.outcome import Outcome, process_of

# Who runs for the daemon's life.
RESIDENTS: Final = frozenset({"watch", "resync"})
# A resync a minute looks at nothing when there is nothing; more than this is a hot loop.
IDLE_STEPS_MAX: Final = 2_000
# How long a call may last, whatever stalls: about twice the longest of 6,000 seeds. In numbers of
# our own, since the rules' limits are what is judged. A Wait takes as long as it does.
LASTS_S: Final[Mapping[str, float]] = {
    "create": 300.0,
    "start": 300.0,
    "delete": 300.0,
    "clean up": 240.0,
    "exec": 60.0,
    "kill": 80.0,
    "pause": 80.0,
    "resume": 80.0,
    "pids": 80.0,
    "resize": 80.0,
    "close stdin": 80.0,
    "state": 1.0,
    "connect": 1.0,
}
# And where no fault struck, and no shim died.
AT_REST_S: Final = 5.0


def l1_every_exit_is_told(outcome: Outcome) -> Iterator[str]:
    """A started process that is over was told of."""
    for _, chapter in outcome.all_chapters():
        told = {event.process for event in chapter if isinstance(event, TaskExited)}
        for event in chapter:
            if isinstance(event, TaskStarted | ExecStarted) and process_of(event) not in told:
                yield f"{process_of(event)} started, and its exit was never told"


def l2_nobody_waits_for_ever(outcome: Outcome) -> Iterator[str]:
    """Every client comes to its end."""
    for name in outcome.waiting:
        yield f"{name!r} never ended"


def l3_every_call_ends(outcome: Outcome) -> Iterator[str]:
    """Nothing goes on in the shim for clients that have all left."""
    scheduler = outcome.machine.world.scheduler
    for name in scheduler.alive(outcome.host.shim.name):
        if name not in RESIDENTS:
            yield f"{name!r} goes on in the shim"


def l3_no_call_lasts_for_long(outcome: Outcome) -> Iterator[str]:
    """Each is answered within the sum of the limits of its steps."""
    for call in outcome.host.calls:
        if call.what not in LASTS_S or not call.was_answered:
            continue
        most_s = LASTS_S[call.what] if outcome.fired or outcome.deaths else AT_REST_S
        if call.ended_s - call.begun_s > most_s:
            yield f"{call.what} {call.key} lasted {call.ended_s - call.begun_s:.0f} s"


def l4_delete_succeeds(outcome: Outcome) -> Iterator[str]:
    """Whoever asks again after faults have ended gets rid of a container."""
    for life in outcome.lives:
        for container in life.rounds:
            if container.created and not container.deleted:
                yield f"{life.owner} could not be deleted"


def l6_nothing_is_left(outcome: Outcome) -> Iterator[str]:
    """When every container is deleted: no unit, process, mount, record, runc state, FIFO."""
    machine, serving = outcome.machine, outcome.host.shim
    others = (outcome.bystander, *outcome.left_over)
    leftovers = {
        "units": [unit.name for unit in machine.systemd.units.values() if unit not in others],
        "runc's containers": sorted(str(key) for key in machine.oci.containers),
        "records": sorted(str(owner) for owner, _ in machine.disk.records),
        "mounts": sorted(machine.disk.mounted),
        "processes": [
            each.pid
            for each in machine.world.kernel.processes.values()
            if each.lives and each not in [unit.main for unit in others]
        ],
        "FIFOs held": [str(key) for key in serving.fifos.held],
        "terminals held": [str(key) for key in serving.terminals.held],
        "containers in memory": [str(key) for key in serving.shim.containers],
        "units tracked": list(serving.shim.units),
        "creates under way": [str(key) for key in serving.shim.creating],
        "remnants": [str(each.owner) for each in serving.shim.remnants],
        "farewells": [str(key) for key in serving.shim.farewells],
    }
    for what, left in leftovers.items():
        if left:
            yield f"{what} left: {left}"


def l6_a_deleted_exec_leaves_soon(outcome: Outcome) -> Iterator[str]:
    """Its unit goes right after the answer, and not only with the container (decision 0022)."""
    systemd, now_s = outcome.machine.systemd, outcome.machine.world.scheduler.now
    if not outcome.fired.keys() <= QUIET:
        return
    for life in outcome.lives:
        for call in outcome.calls(life, "delete"):
            by_s = call.ended_s + SOON_S + outcome.coming_back_s
            if call.key.exec_id is None or not call.succeeded or now_s < by_s:
                continue
            for unit in systemd.history:
                loaded = unit.name == unit_name(call.key) and unit.loaded_at < call.ended_s
                if loaded and systemd.forgotten.get(unit.invocation, inf) > by_s:
                    yield f"{call.key} was deleted, and {unit.name} stayed"


def l9_every_life_is_told_to_its_end(outcome: Outcome) -> Iterator[str]:
    """Of what was created containerd hears everything up to the delete, in the end."""
    for life, chapter in outcome.all_chapters():
        if not any(isinstance(event, TaskDeleted) for event in chapter):
            yield f"{life.owner}: no delete was told"
    for life in outcome.lives:
        # Of a Create without an answer the client may have met the former container, whose end no
        # disk took (F116).
        unsure = outcome.may_be_behind(life.owner)
        created = sum(each.created and not (unsure and each.unanswered) for each in life.rounds)
        if len(outcome.chapters(life.owner)) < created:
            yield f"{life.owner}: {created} containers, {len(outcome.chapters(life.owner))} told"


def l13_no_hot_loop(outcome: Outcome) -> Iterator[str]:
    """With nothing to do the shim does next to nothing."""
    if outcome.idle_steps > IDLE_STEPS_MAX:
        yield f"{outcome.idle_steps} steps while nothing was to be done"
