"""What an administrator's `systemctl stop` leaves of an exit status, and why units are referred to.

A unit that ends cleanly is collected at once, its status with it, unless a bus connection holds a
reference (AddRef=). CLD_EXITED is 1 and CLD_KILLED is 2 (sigaction(2)).
"""

import json

import pytest

from tests.lab.root import Root

Found = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def found(engines: Root) -> Found:
    """The experiment's whole answer: how it ended, referred to or not, what systemd shows."""
    answer: Found = json.loads(engines.inside("tests.lab.inside.stopped_status"))
    return answer


@pytest.mark.parametrize("reference", ["alone", "referred to"])
def test_a_stopped_program_that_fails_leaves_its_status(found: Found, reference: str) -> None:
    assert found["exits with 3"][reference] == {
        "LoadState": "loaded",
        "ActiveState": "failed",
        "Result": "exit-code",
        "ExecMainCode": "1",
        "ExecMainStatus": "3",
    }


@pytest.mark.parametrize("end", ["exits with 0", "dies by TERM"])
def test_a_stopped_program_that_ends_cleanly_leaves_nothing_where_nobody_refers_to_it(
    found: Found, end: str
) -> None:
    assert found[end]["alone"]["LoadState"] == "not-found"


@pytest.mark.parametrize(
    ("end", "code", "status"), [("exits with 0", "1", "0"), ("dies by TERM", "2", "15")]
)
def test_a_reference_keeps_the_status_of_a_program_that_ends_cleanly(
    found: Found, end: str, code: str, status: str
) -> None:
    assert found[end]["referred to"] == {
        "LoadState": "loaded",
        "ActiveState": "inactive",
        "Result": "success",
        "ExecMainCode": code,
        "ExecMainStatus": status,
    }
