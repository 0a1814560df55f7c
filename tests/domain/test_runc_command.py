"""The runtime's command lines, word by word: they are an interface to other people's programs."""

from collections.abc import Callable

import pytest

from domain import runc_command
from domain.identity import ContainerId
from domain.runc_command import Argv, Checkpoint, Runtime, Setting

WEB = ContainerId("web")
RUNTIME = Runtime("runc", "/run/runc/default", "/b/log.json", debug=False)
OPTIONS = ("runc", "--root", "/run/runc/default", "--log", "/b/log.json", "--log-format", "json")


def of(line: str) -> Argv:
    return (*OPTIONS, *line.split())


def test_debug_is_an_option_of_every_command() -> None:
    loud = Runtime("crun", "/r", "/l", debug=True)
    line = "crun --root /r --log /l --log-format json --debug start web"
    assert runc_command.start(loud, WEB) == tuple(line.split())


def test_a_plain_create() -> None:
    setting = Setting("/b", "/b/init.pid")
    line = "create --bundle /b --pid-file /b/init.pid web"
    assert runc_command.create(RUNTIME, WEB, setting, no_new_keyring=False) == of(line)


def test_a_create_with_everything() -> None:
    setting = Setting("/b", "/b/init.pid", "/run/console", no_pivot_root=True)
    line = (
        "create --bundle /b --pid-file /b/init.pid --console-socket /run/console"
        " --no-pivot --no-new-keyring web"
    )
    assert runc_command.create(RUNTIME, WEB, setting, no_new_keyring=True) == of(line)


def test_a_restore_detaches_and_tells_the_pid() -> None:
    setting = Setting("/b", "/b/init.pid", "/run/console", no_pivot_root=True)
    line = (
        "restore --detach --image-path /images --work-path /work --bundle /b"
        " --pid-file /b/init.pid --console-socket /run/console --no-pivot web"
    )
    assert runc_command.restore(
        RUNTIME, WEB, setting, image_path="/images", work_path="/work"
    ) == of(line)


def test_an_exec_detaches_and_tells_the_pid() -> None:
    line = "exec --process /b/p.json --detach --pid-file /b/pid --console-socket /c web"
    assert runc_command.execute(
        RUNTIME, WEB, process_file="/b/p.json", pid_file="/b/pid", console_socket="/c"
    ) == of(line)


def test_a_checkpoint_with_nothing_but_its_folder() -> None:
    line = "checkpoint --image-path /images web"
    assert runc_command.checkpoint(RUNTIME, WEB, Checkpoint("/images")) == of(line)


def test_a_checkpoint_with_everything() -> None:
    asked = Checkpoint(
        image_path="/images",
        work_path="/work",
        parent_path="/parent",
        tcp_established=True,
        external_unix_sockets=True,
        shell_job=True,
        file_locks=True,
        leave_running=True,
        empty_namespaces=("network", "ipc"),
    )
    line = (
        "checkpoint --image-path /images --work-path /work --parent-path /parent"
        " --tcp-established --ext-unix-sk --shell-job --file-locks --leave-running"
        " --empty-ns network --empty-ns ipc web"
    )
    assert runc_command.checkpoint(RUNTIME, WEB, asked) == of(line)


def test_an_exec_without_a_terminal_has_no_console_socket() -> None:
    line = "exec --process /b/p.json --detach --pid-file /b/pid web"
    assert runc_command.execute(RUNTIME, WEB, process_file="/b/p.json", pid_file="/b/pid") == of(
        line
    )


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (runc_command.start, "start web"),
        (runc_command.state, "state web"),
        (runc_command.pause, "pause web"),
        (runc_command.resume, "resume web"),
        (runc_command.update, "update --resources=- web"),
        (runc_command.ps, "ps --format json web"),
        (runc_command.delete, "delete web"),
        (runc_command.destroy, "delete --force web"),
    ],
)
def test_the_commands_about_a_container_that_is_there(
    command: Callable[[Runtime, ContainerId], Argv], line: str
) -> None:
    assert command(RUNTIME, WEB) == of(line)


def test_a_signal_is_for_the_init_or_for_everybody() -> None:
    assert runc_command.kill(RUNTIME, WEB, 15) == of("kill web 15")
    assert runc_command.kill_all(RUNTIME, WEB, 9) == of("kill --all web 9")


def test_no_command_asks_runc_to_talk_to_systemd_itself() -> None:
    setting = Setting("/b", "/b/init.pid")
    commands = (
        runc_command.create(RUNTIME, WEB, setting, no_new_keyring=True),
        runc_command.restore(RUNTIME, WEB, setting, image_path="/i", work_path="/w"),
        runc_command.execute(RUNTIME, WEB, process_file="/p", pid_file="/pid"),
        runc_command.checkpoint(RUNTIME, WEB, Checkpoint("/i")),
        *(
            command(RUNTIME, WEB)
            for command in (
                runc_command.start,
                runc_command.state,
                runc_command.pause,
                runc_command.resume,
                runc_command.update,
                runc_command.ps,
                runc_command.delete,
                runc_command.destroy,
            )
        ),
    )
    assert all("--systemd-cgroup" not in argv for argv in commands)
