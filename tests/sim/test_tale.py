"""The story that people are told."""

import re

from sim.tale import tell


def test_a_life_is_told_from_create_to_nothing_left() -> None:
    story = "\n".join(tell(1))
    for piece in (
        "containerd asks for default/web",
        "io-containerd-systemd-default-web-init.service",
        "ended with 3",
        "killed with SIGKILL",
        "status 137",
        "Left over: nothing.",
    ):
        assert piece in story
    events = re.findall(r"^\s+([A-Z]\w+)$", story, re.MULTILINE)
    assert events == [
        "TaskCreated",
        "TaskStarted",
        "ExecAdded",
        "ExecStarted",
        "TaskExited",
        "TaskExited",
        "TaskDeleted",
    ]


def test_virtual_time_only_goes_forward() -> None:
    times = [float(found[1]) for line in tell(2) if (found := re.match(r"\s*([\d.]+) s ", line))]
    assert times
    assert times == sorted(times)
