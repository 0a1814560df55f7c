"""Why runc runs in a subgroup of the unit whose container it makes (docs/findings).

A container's cgroup lies inside its unit's, so that systemd's tools mean what they say. On
cgroup v2 the unit's own cgroup must then be free of processes, or the container can have no limit.
"""

import json
from pathlib import Path

import pytest

from tests.lab.emulated import Emulated
from tests.lab.root import Root

LIMIT = 50331648
# systemd's NEWS: DelegateSubgroup= came with 254.
FIRST_WITH_SUBGROUP = 254


INSIDE = "/system.slice/UNIT/container"


def test_systemd_adopts_a_container_whose_cgroup_is_inside_the_units(engines: Root) -> None:
    way = "subgroup" if engines.systemd_version >= FIRST_WITH_SUBGROUP else "plain"
    found = json.loads(engines.inside("tests.lab.inside.subgroup", way))
    assert (found["job"], found["places"], found["status"]) == ("done", INSIDE, "1/4")


@pytest.mark.parametrize("engines", ["bookworm", "trixie-v1"], indirect=True)
def test_on_cgroup_v1_a_limit_holds_without_a_subgroup(engines: Root) -> None:
    found = json.loads(engines.inside("tests.lab.inside.subgroup", "plain", str(LIMIT)))
    assert found == {"job": "done", "places": INSIDE, "limit": str(LIMIT), "status": "1/4"}


def test_on_cgroup_v2_limits_need_runc_in_a_subgroup(emulated: Emulated, tmp_path: Path) -> None:
    way = "launcher" if emulated.suite == "bookworm" else "subgroup"
    probe = tmp_path / "probe"
    probe.write_text(
        "#!/bin/sh -eu\n"
        "cd /src\n"
        f"for way in plain {way}; do\n"
        f"    /opt/shim-tests/bin/python -m tests.lab.inside.subgroup $way {LIMIT}\n"
        "done\n"
    )
    call = emulated.probe(probe)
    assert call.returncode == 0, call.stderr
    plain, below = map(json.loads, call.stdout.splitlines())
    assert plain["job"] == "failed"
    assert "it is in an invalid state" in plain["refusal"]
    assert below == {"job": "done", "places": INSIDE, "limit": str(LIMIT), "status": "1/4"}
