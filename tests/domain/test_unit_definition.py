"""The units that systemd is asked for: every property on purpose, and nothing else."""

from dataclasses import replace
from typing import Final

import pytest

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.request import RuntimeOptions, Stdio
from domain.unit_definition import (
    INFINITY,
    Host,
    Start,
    UnitDefinition,
    Value,
    cgroups_path,
    exec_unit,
    init_unit,
    slice_of,
    slice_path,
)
from domain.unit_name import unit_name

BUNDLE: Final = "/run/b"
OWNER: Final = ContainerKey(Namespace("default"), ContainerId("web"))
SHELL: Final = ExecId("sh")
HOST: Final = Host(
    systemd_version=257,
    cgroup_root="",
    reaper=("/lib/reaper", "-r"),
    subgroup_launcher=("/lib/subgroup",),
    daemon_unit="shim.service",
)
INIT: Final = Start(
    process=ProcessKey(OWNER),
    bundle=BUNDLE,
    stdio=Stdio("/f/in", "/f/out", "/f/err"),
    options=RuntimeOptions(),
    slice="system.slice",
    debug=False,
)
EXEC: Final = replace(INIT, process=ProcessKey(OWNER, SHELL))

US: Final = 1_000_000
# What both kinds are given, whatever is asked for. Reasons stand beside the definitions.
BOTH: Final[dict[str, Value]] = {
    "Restart": "no",
    "RemainAfterExit": True,
    "GuessMainPID": False,
    "StartLimitIntervalUSec": 0,
    "TasksMax": INFINITY,
    "LimitNPROC": INFINITY,
    "LimitCORE": INFINITY,
    "LimitNOFILE": 524_288,
    "LimitNOFILESoft": 1024,
    "OOMPolicy": "continue",
    "UMask": 0o022,
    "TimeoutStartUSec": 120 * US,
    "TimeoutStopUSec": 30 * US,
    "SendSIGHUP": False,
    "IgnoreSIGPIPE": False,
    "KillMode": "mixed",
    "Slice": "system.slice",
    "WorkingDirectory": BUNDLE,
    "After": ("shim.service",),
    "StandardInputFile": "/f/in",
    "StandardOutputFile": "/f/out",
    "StandardErrorFile": "/f/err",
}
OF_INIT: Final[dict[str, Value]] = {
    **BOTH,
    "Description": "Container default/web",
    "Type": "forking",
    "PIDFile": "/run/b/init.pid",
    "Delegate": True,
    "DelegateSubgroup": "runc",
}
OF_EXEC: Final[dict[str, Value]] = {
    **BOTH,
    "Description": "Exec sh in container default/web",
    "Type": "notify",
    "NotifyAccess": "main",
    "LogLevelMax": 5,
    "CPUAccounting": False,
    "MemoryAccounting": False,
    "TasksAccounting": False,
    "IOAccounting": False,
}
RUNC: Final = "runc --root /run/containerd/runc/default --log {log} --log-format json"


def words(line: str, log: str = "/run/b/log.json") -> tuple[str, ...]:
    return tuple(line.format(runc=RUNC.format(log=log)).split())


@pytest.mark.parametrize("name", sorted({*OF_INIT, *init_unit(INIT, HOST).properties}))
def test_a_property_of_an_init_s_unit_is_set_on_purpose(name: str) -> None:
    assert init_unit(INIT, HOST).properties.get(name) == OF_INIT.get(name)


@pytest.mark.parametrize("name", sorted({*OF_EXEC, *exec_unit(EXEC, SHELL, HOST).properties}))
def test_a_property_of_an_exec_s_unit_is_set_on_purpose(name: str) -> None:
    assert exec_unit(EXEC, SHELL, HOST).properties.get(name) == OF_EXEC.get(name)


def test_a_unit_is_named_after_its_process() -> None:
    assert init_unit(INIT, HOST).name == unit_name(INIT.process)
    assert exec_unit(EXEC, SHELL, HOST).name == unit_name(EXEC.process)


def test_an_init_s_unit_runs_runc_create_itself() -> None:
    line = "{runc} create --bundle /run/b --pid-file /run/b/init.pid web"
    assert init_unit(INIT, HOST).argv == words(line)


def test_every_option_of_a_create_reaches_runc() -> None:
    options = RuntimeOptions(
        binary="/bin/crun", root="/r", no_pivot_root=True, no_new_keyring=True, systemd_cgroup=True
    )
    asked = replace(INIT, options=options, debug=True, console_socket="/run/pty/s")
    assert init_unit(asked, HOST).argv == words(
        "/bin/crun --root /r/default --log /run/b/log.json --log-format json --debug create"
        " --bundle /run/b --pid-file /run/b/init.pid --console-socket /run/pty/s --no-pivot"
        " --no-new-keyring web"
    )


def test_an_exec_s_unit_runs_the_reaper_around_runc_exec() -> None:
    line = (
        "/lib/reaper -r /run/b/execs/sh/process.json /run/b/execs/sh/gate /run/b/execs/sh/pid --"
        " {runc} exec --process /run/b/execs/sh/gate --detach --pid-file /run/b/execs/sh/pid web"
    )
    assert exec_unit(EXEC, SHELL, HOST).argv == words(line, "/run/b/execs/sh/log.json")


def test_d41_an_exec_has_its_container_s_runtime_root_and_debug_level() -> None:
    options = RuntimeOptions(binary="crun", root="/r")
    asked = replace(EXEC, options=options, debug=True, console_socket="/run/pty/s")
    assert exec_unit(asked, SHELL, HOST).argv == words(
        "/lib/reaper -r /run/b/execs/sh/process.json /run/b/execs/sh/gate /run/b/execs/sh/pid --"
        " crun --root /r/default --log"
        " /run/b/execs/sh/log.json --log-format json --debug exec --process"
        " /run/b/execs/sh/gate --detach --pid-file /run/b/execs/sh/pid --console-socket"
        " /run/pty/s web"
    )


def test_r065_a_checkpointed_container_is_restored_by_the_same_unit() -> None:
    restored = init_unit(replace(INIT, checkpoint="/ckpt"), HOST)
    assert restored.argv == words(
        "{runc} restore --detach --image-path /ckpt --work-path /run/b/criu-work --bundle /run/b"
        " --pid-file /run/b/init.pid web"
    )
    assert restored.properties == init_unit(INIT, HOST).properties


def test_r065_criu_works_where_the_options_say() -> None:
    options = RuntimeOptions(criu_work_path="/var/criu", no_pivot_root=True)
    asked = replace(INIT, checkpoint="/ckpt", options=options, console_socket="/run/pty/s")
    assert init_unit(asked, HOST).argv == words(
        "{runc} restore --detach --image-path /ckpt --work-path /var/criu --bundle /run/b"
        " --pid-file /run/b/init.pid --console-socket /run/pty/s --no-pivot web"
    )


def test_the_subgroup_is_systemd_s_where_it_can_and_a_launcher_s_where_not() -> None:
    new = init_unit(INIT, replace(HOST, systemd_version=254))
    old = init_unit(INIT, replace(HOST, systemd_version=253))
    assert new.properties["DelegateSubgroup"] == "runc"
    assert new.argv[0] == "runc"
    assert "DelegateSubgroup" not in old.properties
    assert old.argv == ("/lib/subgroup", "runc", "--", *new.argv)


def test_cgroup_v1_needs_no_launcher() -> None:
    host = replace(HOST, systemd_version=252, subgroup_launcher=())
    assert init_unit(INIT, host).argv[0] == "runc"


def test_an_exec_needs_no_subgroup_since_its_program_is_in_the_container_s_cgroup() -> None:
    for version in (252, 257):
        unit = exec_unit(EXEC, SHELL, replace(HOST, systemd_version=version))
        assert unit.argv[0] == "/lib/reaper"
        assert not {"Delegate", "DelegateSubgroup"} & set(unit.properties)


STREAMS: Final = ("StandardInput", "StandardOutput", "StandardError")


def streams(unit: UnitDefinition) -> dict[str, Value]:
    return {key: value for key, value in unit.properties.items() if key.startswith(STREAMS)}


def test_d39_a_stream_that_nobody_asked_for_is_dev_null() -> None:
    asked = replace(INIT, stdio=Stdio(stdout="/f/out"))
    assert streams(init_unit(asked, HOST)) == {
        "StandardInput": "null",
        "StandardOutputFile": "/f/out",
        "StandardError": "null",
    }


def test_with_a_terminal_the_unit_itself_touches_no_fifo() -> None:
    stdio = Stdio("/f/in", "/f/out", terminal=True)
    nothing = dict.fromkeys(STREAMS, "null")
    terminal = replace(INIT, stdio=stdio, console_socket="/run/pty/s")
    assert streams(init_unit(terminal, HOST)) == nothing
    terminal = replace(EXEC, stdio=stdio, console_socket="/run/pty/s")
    assert streams(exec_unit(terminal, SHELL, HOST)) == nothing


def test_d30_odd_characters_are_left_as_they_are_for_the_adapter_to_escape() -> None:
    odd = '/run/a $HOME ${x} %n %% "q" \\ ;b'
    asked = replace(
        INIT,
        bundle=odd,
        stdio=Stdio(odd, odd, odd),
        options=RuntimeOptions(binary=odd, root=odd, criu_work_path=odd),
        console_socket=odd,
        checkpoint=odd,
    )
    unit = init_unit(asked, HOST)
    assert unit.argv[0] == odd
    assert [word for word in unit.argv if "$HOME" in word] == [
        odd,
        f"{odd}/default",
        f"{odd}/log.json",
        odd,
        odd,
        odd,
        f"{odd}/init.pid",
        odd,
    ]
    assert unit.properties["WorkingDirectory"] == odd
    assert unit.properties["PIDFile"] == f"{odd}/init.pid"
    fifos = replace(asked, console_socket="")
    assert streams(init_unit(fifos, HOST)) == {f"{stream}File": odd for stream in STREAMS}


def test_a_unit_in_the_slice_that_was_asked_for() -> None:
    for unit in (
        init_unit(replace(INIT, slice="kube-pods.slice"), HOST),
        exec_unit(replace(EXEC, slice="kube-pods.slice"), SHELL, HOST),
    ):
        assert unit.properties["Slice"] == "kube-pods.slice"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("system.slice", "/system.slice"),
        ("-.slice", ""),
        (".slice", ""),
        ("a-b.slice", "/a.slice/a-b.slice"),
        (
            "kubepods-burstable-pod7.slice",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7.slice",
        ),
    ],
)
def test_each_dash_of_a_slice_opens_a_level(name: str, path: str) -> None:
    assert slice_path(name) == path


def test_d54_the_container_s_cgroup_lies_inside_its_unit_s() -> None:
    unit = unit_name(INIT.process)
    assert cgroups_path(unit, "system.slice", HOST) == f"/system.slice/{unit}/container"
    assert cgroups_path(unit, "a-b.slice", HOST) == f"/a.slice/a-b.slice/{unit}/container"
    assert cgroups_path(unit, "-.slice", HOST) == f"/{unit}/container"
    nested = replace(HOST, cgroup_root="/docker/4711")
    assert cgroups_path(unit, "system.slice", nested).startswith("/docker/4711/system.slice/")


BY_SYSTEMD: Final = RuntimeOptions(systemd_cgroup=True)


@pytest.mark.parametrize(
    ("asked", "options", "slice_name"),
    [
        ("kubepods-pod7.slice:cri-containerd:abc", BY_SYSTEMD, "kubepods-pod7.slice"),
        ("kubepods-pod7.slice:cri-containerd:abc", RuntimeOptions(), "system.slice"),
        ("/kubepods/pod7/abc", BY_SYSTEMD, "system.slice"),
        ("", BY_SYSTEMD, "system.slice"),
        (":cri:abc", BY_SYSTEMD, "system.slice"),
        ("a.slice:b", BY_SYSTEMD, "system.slice"),
        ("a.slice:b:c:d", BY_SYSTEMD, "system.slice"),
        ("a.scope:b:c", BY_SYSTEMD, "system.slice"),
    ],
)
def test_the_slice_comes_from_systemd_s_form_of_cgroups_path_alone(
    asked: str, options: RuntimeOptions, slice_name: str
) -> None:
    assert slice_of(asked, options) == slice_name


def test_a_person_can_read_the_whole_definition() -> None:
    unit = init_unit(INIT, HOST)
    text = unit.text().splitlines()
    assert text[0] == unit.name
    assert text[-1] == f"ExecStart={' '.join(unit.argv)}"
    assert set(text[1:-1]) == {f"{key}={value}" for key, value in unit.properties.items()}
