"""Why a unit's stdout FIFO is named to systemd and not passed to it (docs/findings).

containerd's client waits for the end of the output before it deletes a task, so an end that comes
only when the unit is stopped would never come.
"""

import json

from tests.lab.root import Root

EXITED = {"ActiveState": "active", "SubState": "exited"}


def experiment(engines: Root, way: str) -> dict[str, object]:
    call = engines.inside("tests.lab.inside.stdout_end", way)
    found: dict[str, object] = json.loads(call)
    return found


def test_a_reader_sees_the_end_at_exit_where_systemd_was_told_the_path(engines: Root) -> None:
    assert experiment(engines, "path") == {
        "job": "done",
        "state": EXITED,
        "still": EXITED,
        "end while active": True,
        "end after stop": True,
    }


def test_a_reader_sees_no_end_before_the_stop_where_systemd_was_given_a_descriptor(
    engines: Root,
) -> None:
    assert experiment(engines, "descriptor") == {
        "job": "done",
        "state": EXITED,
        "still": EXITED,
        "end while active": False,
        "end after stop": True,
    }
