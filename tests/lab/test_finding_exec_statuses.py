"""Why an exec's unit has a reaper as its main process (docs/findings).

`runc exec --detach` ends before the program does, and a program that is quick is gone before
systemd has adopted it. The reaper waits for it, so no status is lost.
"""

import json

from tests.lab.root import Root

IMAGE = "docker.io/library/busybox:latest"
CONTAINER = "finding-execs"
TIMES = 10


def test_the_reaper_keeps_every_status_in_a_row_and_at_once(engines: Root) -> None:
    engines.run(
        *("ctr", "run", "--detach", "--cpu-shares", "0"),
        IMAGE,
        CONTAINER,
        "sleep",
        "1000000",
        check=True,
    )
    found = json.loads(engines.inside("tests.lab.inside.exec_statuses", CONTAINER, str(TIMES)))
    # CLD_EXITED is 1, CLD_KILLED is 2 (sigaction(2)).
    assert found == {
        "true": {"done, 1/0": 2 * TIMES},
        "exit 3": {"done, 1/3": 2 * TIMES},
        "child keeps stdout": {"done, 1/5": 2 * TIMES},
        "killed": {"done, 2/9": 2 * TIMES},
        "missing": {"failed, it never ran": 2 * TIMES},
    }
    engines.run("ctr", "task", "rm", "--force", CONTAINER, check=True)
    engines.run("ctr", "container", "rm", CONTAINER, check=True)
