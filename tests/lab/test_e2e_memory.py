"""A memory limit holds: who wants more is killed by the kernel, and told as killed by 9.

The lab's machines have a memory controller on cgroup v1 only; version 2 is shown by the emulated
machine.
"""

from pathlib import Path

import pytest

from tests.lab.containers import IMAGE, RUNTIME, Containers
from tests.lab.emulated import TIMEOUT_SECONDS, Emulated

LIMIT = 48 * 1024 * 1024
LIMITED = ("--memory-limit", str(LIMIT))
# dd's buffer, which it fills: 200 MB, and an end if nobody stops it.
GREEDY = ("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1")
MODEST = ("dd", "if=/dev/zero", "of=/dev/null", "bs=10M", "count=1")

on_cgroup_v1 = pytest.mark.parametrize("engines", ["bookworm", "trixie-v1"], indirect=True)


@on_cgroup_v1
def test_the_limit_is_the_containers_cgroups_own(containers: Containers) -> None:
    containers.start("mlim", "sleep", "1000", options=LIMITED)
    rows = containers.root.shell(f"cat /proc/{containers.pid('mlim')}/cgroup").splitlines()
    cgroup = next(row.split(":", 2)[2] for row in rows if row.split(":", 2)[1] == "memory")
    assert f"/{containers.unit('mlim')}/" in cgroup
    folder = f"/sys/fs/cgroup/memory{cgroup}"
    assert containers.root.shell(f"cat {folder}/memory.limit_in_bytes") == str(LIMIT)


@on_cgroup_v1
def test_an_init_over_the_limit_is_killed_and_told_as_killed_by_9(containers: Containers) -> None:
    assert containers.run("mfree", *GREEDY).returncode == 0
    assert containers.run("mfits", *MODEST, options=LIMITED).returncode == 0
    assert containers.run("mover", *GREEDY, options=LIMITED).returncode == 137


@on_cgroup_v1
def test_an_exec_over_the_limit_is_killed_alone(containers: Containers) -> None:
    containers.start("mexec", "sleep", "1000", options=LIMITED)
    assert containers.exec("mexec", "fits", *MODEST).returncode == 0
    assert containers.exec("mexec", "over", *GREEDY).returncode == 137
    assert containers.status("mexec") == "RUNNING"


# On a loaded machine the emulated one has taken five minutes.
@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_on_cgroup_v2_the_limit_is_set_and_kills_who_is_over_it(
    emulated: Emulated, tmp_path: Path
) -> None:
    probe = tmp_path / "probe"
    probe.write_text(PROBE)
    call = emulated.probe(probe)
    assert call.returncode == 0, call.stdout + call.stderr
    assert call.stdout.splitlines() == [
        "cgroup of the unit",
        f"limit {LIMIT}",
        "exec within 0",
        "exec over 137",
        "kills 1",
        "still RUNNING",
        "init without 0",
        "init within 0",
        "init over 137",
        "units left 0",
    ]


# Emulation is slow, and each boot more so: all in one.
PROBE = f"""#!/bin/sh -u
exec 3>&1 >&2
say() {{ echo "$@" >&3; }}
run() {{ ctr run --runtime {RUNTIME} "$@"; }}
run -d {" ".join(LIMITED)} {IMAGE} limited sleep 1000 || exit 1
pid=$(ctr tasks ls | awk '$1 == "limited" {{ print $2 }}')
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$pid/cgroup)
case $cgroup in
    */io-containerd-systemd-default-limited-init.service/*) say cgroup of the unit ;;
    *) say "cgroup $cgroup" ;;
esac
say limit "$(cat $cgroup/memory.max)"
ctr tasks exec --exec-id within limited {" ".join(MODEST)}; say exec within $?
ctr tasks exec --exec-id over limited {" ".join(GREEDY)}; say exec over $?
say kills "$(sed -n 's/^oom_kill //p' $cgroup/memory.events)"
say still "$(ctr tasks ls | awk '$1 == "limited" {{ print $3 }}')"
run --rm {IMAGE} without {" ".join(GREEDY)}; say init without $?
run --rm {" ".join(LIMITED)} {IMAGE} within {" ".join(MODEST)}; say init within $?
run --rm {" ".join(LIMITED)} {IMAGE} over {" ".join(GREEDY)}; say init over $?
ctr tasks delete -f limited; ctr containers rm limited
say units left "$(systemctl list-units --all --plain --no-legend 'io-containerd-systemd-*' | wc -l)"
"""
