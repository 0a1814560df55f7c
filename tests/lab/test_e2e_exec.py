"""Detached containers and their execs: each status and each output, hundreds of times."""

from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

import pytest

from tests.lab.containers import Containers

IN_A_ROW = 150
AT_ONCE = 10


def test_a_detached_container_is_listed_killed_and_deleted(containers: Containers) -> None:
    containers.start("det", "sleep", "1000")
    assert containers.status("det") == "RUNNING"
    pid = containers.pid("det")
    listed = containers.ctr("tasks", "ps", containers.id("det")).stdout.split()
    assert listed[:2] == ["PID", "INFO"]
    assert listed[2] == str(pid)
    comm = containers.root.shell(f"cat /proc/{pid}/comm")
    assert comm == "sleep"
    containers.kill("det")
    containers.wait("det")
    assert containers.delete("det") == 137
    assert containers.id("det") not in containers.ctr("tasks", "ls").stdout


def test_ps_shows_which_process_is_an_exec(containers: Containers) -> None:
    containers.sleep("ps")
    with containers.root.popen(
        *containers.exec_command("ps", "watched", "sh", "-c", "echo up; exec sleep 1000")
    ) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        listing = containers.ctr("tasks", "ps", containers.id("ps")).stdout.splitlines()
        named = [line for line in listing if "watched" in line]
        assert len(named) == 1, listing
        pid = named[0].split()[0]
        assert containers.root.shell(f"cat /proc/{pid}/comm") == "sleep"
        containers.ctr("tasks", "kill", "-s", "TERM", "--exec-id", "watched", containers.id("ps"))
        assert ctr.wait(60) == 143


def test_hundreds_of_execs_in_a_row_have_their_status_and_output(containers: Containers) -> None:
    containers.sleep("row")
    for number in range(IN_A_ROW):
        _check_true(_true(containers, "row", number))
        _check_three(_three(containers, "row", number), number)


def test_hundreds_of_execs_ten_at_a_time_have_their_status_and_output(
    containers: Containers,
) -> None:
    containers.sleep("ten")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        trues = [threads.submit(_true, containers, "ten", n) for n in range(IN_A_ROW)]
        threes = [threads.submit(_three, containers, "ten", n) for n in range(IN_A_ROW)]
        for ended in trues:
            _check_true(ended.result())
        for number, ended in enumerate(threes):
            _check_three(ended.result(), number)


def test_an_exec_begins_from_the_daemon_s_copy_of_runc(containers: Containers) -> None:
    """0023: the copy is runc; and what stands in its place, of one age with runc, is what runs."""
    containers.sleep("copy")
    folder, root = "/run/containerd-systemd/sealed", containers.root
    root.shell(f"cmp {folder}/runc $(command -v runc)")
    root.shell(
        f"mv {folder} {folder}.kept; mkdir {folder}; cd {folder}; "
        'printf \'#!/bin/sh\\necho "$*" >>/run/begun\\nexec runc "$@"\\n\' >runc; '
        "chmod 755 runc; touch -r $(command -v runc) runc"
    )
    try:
        assert containers.exec("copy", "from-it", "echo", "hello").stdout == "hello\n"
        begun = root.shell("cat /run/begun")
    finally:
        root.shell(f"rm -rf {folder} /run/begun; mv {folder}.kept {folder}")
    assert " exec " in begun
    assert "from-it" in begun
    assert containers.exec("copy", "again", "echo", "hello").stdout == "hello\n"


def test_an_exec_of_a_missing_binary_says_so_in_runcs_words(containers: Containers) -> None:
    containers.sleep("missing")
    ran = containers.exec("missing", "nobody", "there-is-no-such-program")
    assert ran.returncode == 1
    assert "executable file not found" in ran.stderr
    assert containers.status("missing") == "RUNNING"
    # The id is free again, and the container has taken no harm.
    assert containers.exec("missing", "nobody", "echo", "here").stdout == "here\n"


@pytest.mark.parametrize(("signal", "status"), [("KILL", 137), ("TERM", 143), ("USR1", 138)])
def test_a_killed_exec_has_the_signal_in_its_status(
    containers: Containers, signal: str, status: int
) -> None:
    containers.sleep("killed")
    with containers.root.popen(
        *containers.exec_command("killed", "victim", "sh", "-c", "echo up; exec sleep 1000")
    ) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        victim = ("--exec-id", "victim", containers.id("killed"))
        containers.ctr("tasks", "kill", "-s", signal, *victim)
        assert ctr.wait(60) == status
    assert containers.status("killed") == "RUNNING"


def test_execs_end_with_their_container(containers: Containers) -> None:
    containers.start("init", "sleep", "1000")
    with containers.root.popen(
        *containers.exec_command("init", "child", "sh", "-c", "echo up; exec sleep 1000")
    ) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        containers.kill("init")
        assert ctr.wait(60) == 137


def test_an_exec_reads_what_is_typed_for_it(containers: Containers) -> None:
    containers.sleep("reads")
    with containers.root.popen(*containers.exec_command("reads", "cat", "head", "-n2")) as ctr:
        assert ctr.stdin is not None
        assert ctr.stdout is not None
        ctr.stdin.write("one\ntwo\n")
        ctr.stdin.flush()
        assert ctr.stdout.read() == "one\ntwo\n"
        assert ctr.wait(60) == 0


def _true(containers: Containers, word: str, number: int) -> CompletedProcess[str]:
    return containers.exec(word, f"true{number}", "true")


def _three(containers: Containers, word: str, number: int) -> CompletedProcess[str]:
    return containers.exec(word, f"three{number}", "sh", "-c", f"echo n{number}; exit 3")


def _check_true(ran: CompletedProcess[str]) -> None:
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def _check_three(ran: CompletedProcess[str], number: int) -> None:
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, f"n{number}\n", "")
