"""A violation is shown where it concerns the process."""

from sim.outcome import Violation
from sim.page.marks import concerned
from sim.world.story import Line

UNIT = "io-containerd-systemd-default-c0-init.service"


def lines(*said: str) -> list[Line]:
    """Each begins with who says it."""
    return [
        Line(float(at), text.split()[0], (text.split(maxsplit=1)[1],))
        for at, text in enumerate(said)
    ]


def test_an_exit_that_is_told_wrongly_is_marked_where_containerd_hears_it() -> None:
    story = lines(
        "containerd hears TaskExited(default/c1, pid=103)",
        "containerd hears TaskExited(default/c0, pid=102)",
        "client delete default/c0 -> Departed(102)",
    )
    assert concerned(Violation("S5", "default/c0 is told as 9, it was 137"), story) == 1


def test_a_killed_process_is_marked_where_the_kernel_ends_that_pid() -> None:
    story = lines(
        "kernel pid 103 killed 9",
        "kernel signal 9 to pid 102",
        "kernel pid 102 killed 9",
        f"systemd {UNIT} is failed main: killed 9",
        "client delete default/c0 -> Departed(102)",
    )
    violation = Violation("S9", "default/c0 (pid 102) was killed, and nobody had asked for it")
    assert concerned(violation, story) == 2


def test_an_exec_is_not_taken_for_its_container_nor_a_path_for_a_process() -> None:
    story = lines(
        "client delete default/c0/e1 -> done",
        "client delete default/c0 -> done",
        "kernel mounts: unmount /run/bundles/default/c0/e1/rootfs",
    )
    assert concerned(Violation("L2", "'delete default/c0/e1' never ended"), story) == 0


def test_what_is_left_is_marked_where_its_unit_was_last_spoken_of() -> None:
    story = lines(f"bus stop {UNIT}, within=40", "systemd forgets other.service")
    assert concerned(Violation("L6", f"units left: ['{UNIT}']"), story) == 0


def test_a_process_goes_by_its_units_name_too() -> None:
    story = lines(f"systemd {UNIT} is failed main: killed 9", "client state default/c1 -> done")
    assert concerned(Violation("L4", "default/c0 could not be deleted"), story) == 0


def test_a_violation_that_names_nobody_is_marked_at_the_end() -> None:
    story = lines("client state default/c1 -> done", "shim shim 1 is killed")
    assert concerned(Violation("L13", "5000 steps while nothing was to be done"), story) == 1


def test_in_an_empty_story_nothing_is_marked() -> None:
    assert concerned(Violation("S5", "default/c0"), []) is None
