"""Task events as `ctr events` shows them: all of them, in order, each once."""

from tests.lab.containerd_events import Event, listening
from tests.lab.containers import Containers


def topics(events: list[Event]) -> list[str]:
    return [event.short for event in events]


def test_a_plain_life_is_told_in_order_and_nothing_after_delete(containers: Containers) -> None:
    with listening(containers.root) as events:
        assert containers.run("life", "sh", "-c", "exit 5").returncode == 5
        # A whole other life, for anything that comes late.
        assert containers.run("other", "true").returncode == 0
        told = events.of(containers.id("life"))
    assert topics(told) == ["create", "start", "exit", "delete"]
    create, start, exited, delete = (event.fields for event in told)
    assert create["pid"] == start["pid"] == exited["pid"] == delete["pid"] > 0
    assert create["bundle"].endswith(f"/{containers.namespace}/{containers.id('life')}")
    assert create["rootfs"]
    assert create["io"]["stdout"]
    assert (exited["exit_status"], delete["exit_status"]) == (5, 5)
    assert exited["exited_at"] == delete["exited_at"]
    assert {event.namespace for event in told} == {containers.namespace}


def test_execs_are_told_between_start_and_exit(containers: Containers) -> None:
    with listening(containers.root) as events:
        containers.start("execs", "sleep", "1000")
        for number in (1, 2):
            ran = containers.exec("execs", f"x{number}", "sh", "-c", f"exit {number}")
            assert ran.returncode == number
        containers.kill("execs")
        containers.wait("execs")
        containers.delete("execs")
        told = events.of(containers.id("execs"))
    assert topics(told) == [
        *("create", "start"),
        *("exec-added:x1", "exec-started:x1", "exit:x1"),
        *("exec-added:x2", "exec-started:x2", "exit:x2"),
        *("exit", "delete"),
    ]
    by_name = {event.short: event.fields for event in told}
    for number in (1, 2):
        ended = by_name[f"exit:x{number}"]
        assert ended["exit_status"] == number
        assert ended["pid"] == by_name[f"exec-started:x{number}"]["pid"]
    assert by_name["exit"]["exit_status"] == 137


def test_the_exit_of_an_exec_that_dies_with_its_container_comes_first(
    containers: Containers,
) -> None:
    with listening(containers.root) as events:
        containers.start("both", "sleep", "1000")
        command = containers.exec_command("both", "long", "sh", "-c", "echo up; exec sleep 1000")
        with containers.root.popen(*command) as ctr:
            assert ctr.stdout is not None
            assert ctr.stdout.readline() == "up\n"
            containers.kill("both")
            assert ctr.wait(60) == 137
        containers.wait("both")
        containers.delete("both")
        told = topics(events.of(containers.id("both")))
    assert told == [
        *("create", "start", "exec-added:long", "exec-started:long"),
        *("exit:long", "exit", "delete"),
    ]


def test_an_exec_that_never_ran_has_no_exit(containers: Containers) -> None:
    with listening(containers.root) as events:
        containers.sleep("norun")
        assert containers.exec("norun", "none", "there-is-no-such-program").returncode == 1
        told = topics(events.of(containers.id("norun")))
    assert told == ["create", "start", "exec-added:none"]


def test_a_container_that_cannot_be_created_is_told_of_to_nobody(containers: Containers) -> None:
    with listening(containers.root) as events:
        assert containers.run("nocreate", "there-is-no-such-program").returncode == 1
        assert events.of(containers.id("nocreate")) == []


def test_a_pause_is_told_between_start_and_exit(containers: Containers) -> None:
    with listening(containers.root) as events:
        containers.sleep("pause")
        containers.ctr("tasks", "pause", containers.id("pause"))
        assert containers.status("pause") == "PAUSED"
        containers.ctr("tasks", "resume", containers.id("pause"))
        assert containers.status("pause") == "RUNNING"
        containers.kill("pause", "TERM")
        containers.wait("pause")
        assert containers.delete("pause") == 0
        told = topics(events.of(containers.id("pause")))
    assert told == ["create", "start", "paused", "resumed", "exit", "delete"]


def test_many_lives_at_once_are_each_told_in_order(containers: Containers) -> None:
    words = [f"many{number}" for number in range(10)]
    with listening(containers.root) as events:
        for word in words:
            containers.sleep(word)
        containers.root.shell(
            "\n".join(f"ctr tasks kill -s KILL {containers.id(word)} &" for word in words)
            + "\nwait"
        )
        for word in words:
            containers.wait(word)
            assert containers.delete(word) == 137
        for word in words:
            told = topics(events.of(containers.id(word)))
            assert told == ["create", "start", "exit", "delete"], word
