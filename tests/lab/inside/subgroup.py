"""A container whose cgroup lies inside its unit's, in several forms. Prints one JSON object.

argv: "plain" (runc is in the unit's own cgroup), "subgroup" (systemd puts it below, with
DelegateSubgroup=), "launcher" (a launcher does, for a systemd that cannot); then, optionally, a
memory limit in bytes.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from dbus_next.signature import Variant

from tests.lab.inside.systemd_bus import Properties, Systemd, command

ROOT: Final = "/run/finding-runc"
RUNC: Final = shutil.which("runc") or "runc"
TREES: Final = "/sys/fs/cgroup"
# On cgroup v2 a cgroup that has processes cannot give its children controllers (cgroups(7)).
LAUNCHER: Final = """
import os, sys
own = "/sys/fs/cgroup" + next(l for l in open("/proc/self/cgroup") if l.startswith("0::"))[3:-1]
os.mkdir(own + "/runc")
open(own + "/runc/cgroup.procs", "w").write("0")
os.execv(sys.argv[1], sys.argv[1:])
"""


def write_bundle(bundle: Path, cgroup: str, limit: int | None) -> None:
    """A bundle with busybox that ends with 4."""
    (bundle / "rootfs/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", bundle / "rootfs/bin/busybox")
    subprocess.run([RUNC, "spec", "--bundle", bundle], check=True)
    config = bundle / "config.json"
    spec: dict[str, Any] = json.loads(config.read_text())
    spec["process"]["terminal"] = False
    spec["process"]["args"] = ["/bin/busybox", "sh", "-c", "exit 4"]
    spec["linux"]["cgroupsPath"] = cgroup
    if limit is not None:
        spec["linux"]["resources"]["memory"] = {"limit": limit}
    config.write_text(json.dumps(spec))


def unit_of(way: str, create: tuple[str, ...], pid_file: Path) -> Properties:
    """The unit that adopts the container's init as its main process."""
    properties: Properties = {
        "Type": Variant("s", "forking"),
        "PIDFile": Variant("s", str(pid_file)),
        "RemainAfterExit": Variant("b", True),
        "Delegate": Variant("b", True),
    }
    match way:
        case "plain":
            properties |= command(*create)
        case "subgroup":
            properties |= command(*create) | {"DelegateSubgroup": Variant("s", "runc")}
        case "launcher":
            properties |= command("/usr/bin/python3", "-IS", "-c", LAUNCHER, *create)
    return properties


def refusal(log: Path) -> str:
    """The last error that runc has logged."""
    lines = log.read_text().splitlines() if log.exists() else []
    errors = [entry for line in lines if (entry := json.loads(line))["level"] == "error"]
    return str(errors[-1]["msg"]) if errors else ""


def read_pid(pid_file: Path) -> int:
    """The process id that runc has written."""
    return int(pid_file.read_text())


def call(*argv: str) -> None:
    """Runs a command that has to succeed."""
    subprocess.run(argv, check=True)


def places(pid: int) -> set[str]:
    """The process's place in every cgroup tree that has one for it."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {path for line in lines if (path := line.split(":", 2)[2]) != "/"}


def limit_of(cgroup: str) -> str:
    """The memory limit that the kernel has for the cgroup, on v2 or v1."""
    v2 = Path(f"{TREES}{cgroup}/memory.max")
    v1 = Path(f"{TREES}/memory{cgroup}/memory.limit_in_bytes")
    return next((file.read_text().strip() for file in (v2, v1) if file.exists()), "")


async def main(way: str, limit: int | None) -> None:
    """One life."""
    # Not below /run: that is mounted nodev, and the container opens /dev/null.
    bundle = Path(tempfile.mkdtemp(prefix="finding-", dir="/var/tmp"))
    unit = f"{bundle.name}.service"
    cgroup = f"/system.slice/{unit}/container"
    write_bundle(bundle, cgroup, limit)
    pid_file, log = bundle / "pid", bundle / "log"
    runc = (RUNC, "--root", ROOT, "--log", str(log), "--log-format", "json")
    create = ("create", "--bundle", str(bundle), "--pid-file", str(pid_file), bundle.name)
    systemd = await Systemd.connect()
    job = await systemd.start(unit, unit_of(way, (*runc, *create), pid_file))
    found = {"job": job}
    if job == "done":
        found["places"] = " ".join(places(read_pid(pid_file))).replace(unit, "UNIT")
        found["limit"] = limit_of(cgroup)
        call(*runc, "start", bundle.name)
        facts = await systemd.ended(unit, "ExecMainCode", "ExecMainStatus")
        found["status"] = f"{facts['ExecMainCode']}/{facts['ExecMainStatus']}"
        call(*runc, "delete", bundle.name)
    else:
        found["refusal"] = refusal(log)
    print(json.dumps(found))  # noqa: T201


asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
