"""`ctr run --tty` and `ctr tasks exec --tty`, driven by a real terminal."""

import asyncio
import hashlib
import re

from adapters.messages import task_pb2
from tests.lab.containers import PATIENCE_SECONDS, Containers
from tests.lab.fifos import Fifos, read_to_end
from tests.lab.shim_client import ShimClient, exec_request, play
from tests.lab.terminal import Terminal

BIG_BYTES = 50_000_000
# busybox's shell shows it when its line editor has the terminal.
PROMPT = "/ # "


def open_terminal(containers: Containers, word: str, *argv: str) -> Terminal:
    """`ctr run --rm --tty` on a terminal."""
    return containers.terminal(*containers.run_command(word, *argv, options=("--rm", "--tty")))


def at_prompt(terminal: Terminal, keys: str) -> None:
    """Types when the shell is ready for it.

    Before the prompt the terminal may still be in canonical mode. A Ctrl-D typed then is stored as
    a mark, which the line editor, having left that mode, reads as a NUL (n_tty.c): it is lost.
    """
    terminal.read_until(PROMPT, timeout=PATIENCE_SECONDS)
    terminal.send(keys)


def test_the_container_sees_the_terminals_size_and_its_changes(containers: Containers) -> None:
    with containers.window(
        *containers.run_command("size", "sh", options=("--rm", "--tty")), rows=33, columns=111
    ) as terminal:
        at_prompt(terminal, "until [ \"$(stty size)\" = '33 111' ]; do :; done; stty size\r")
        terminal.read_until("33 111\r\n")
        at_prompt(terminal, "trap 'echo changed' WINCH; echo set\r")
        terminal.read_until("set\r\n")
        terminal.resize(44, 122)
        # Told by ctr's own SIGWINCH, so it may take a moment to arrive.
        at_prompt(terminal, "until [ \"$(stty size)\" = '44 122' ]; do :; done; stty size\r")
        terminal.read_until("44 122\r\n")
        at_prompt(terminal, "exit 3\r")
        assert terminal.wait() == 3


def test_what_is_typed_is_echoed(containers: Containers) -> None:
    with open_terminal(containers, "echo", "sh", "-c", "echo ready; cat; exit 4") as terminal:
        terminal.read_until("ready\r\n")
        terminal.send("typed once\r")
        # Once by the terminal's echo, once by cat.
        terminal.read_until("typed once\r\ntyped once\r\n")
        terminal.send("\x04")
        assert terminal.wait() == 4


def test_standard_streams_are_a_terminal(containers: Containers) -> None:
    script = "for fd in 0 1 2; do [ -t $fd ] && echo $fd is one; done; tty"
    with open_terminal(containers, "istty", "sh", "-c", script) as terminal:
        said = terminal.read_to_end().decode()
        assert terminal.wait() == 0
    assert said.split("\r\n")[:3] == ["0 is one", "1 is one", "2 is one"]
    assert "/dev/" in said


def test_ctrl_c_interrupts_the_program_and_not_the_shell(containers: Containers) -> None:
    with open_terminal(containers, "intr", "sh") as terminal:
        at_prompt(terminal, "sh -c 'echo begun; exec sleep 1000'\r")
        terminal.read_until("begun\r\n")
        terminal.send("\x03")
        at_prompt(terminal, "echo status $?\r")
        terminal.read_until("status 130\r\n")
        at_prompt(terminal, "exit 6\r")
        assert terminal.wait() == 6


def test_ctrl_c_ends_a_container_that_has_the_default_handler(containers: Containers) -> None:
    script = "trap 'exit 130' INT; echo begun; sleep 1000 & wait"
    with open_terminal(containers, "intinit", "sh", "-c", script) as terminal:
        terminal.read_until("begun\r\n")
        terminal.send("\x03")
        assert terminal.wait() == 130


def test_ctrl_d_ends_the_shell(containers: Containers) -> None:
    with open_terminal(containers, "eof", "sh") as terminal:
        at_prompt(terminal, "echo $((40 + 2))\r")
        terminal.read_until("\r\n42\r\n")
        at_prompt(terminal, "\x04")
        assert terminal.wait() == 0


def test_50_megabytes_come_through_whole(containers: Containers) -> None:
    # The terminal must not change what passes: no newline becomes two characters.
    script = (
        "stty raw -echo\n"
        f"head -c {BIG_BYTES} /dev/urandom | tr -d '\\n' | head -c {BIG_BYTES // 2} >/tmp/some\n"
        f"cat /tmp/some /tmp/some | head -c {BIG_BYTES} >/tmp/big\n"
        # It ends when all has been seen: ctr on a busy machine stops reading at the exit, with
        # either runtime (docs/benchmarks.md).
        "md5sum /tmp/big; echo begin; cat /tmp/big; head -c 1 >/dev/null"
    )
    with open_terminal(containers, "big", "sh", "-c", script) as terminal:
        head = terminal.read_until("begin\n", timeout=200)
        found = re.search(r"([0-9a-f]{32})  /tmp/big", head)
        assert found
        body = terminal.read_bytes(BIG_BYTES, timeout=400)
        terminal.send("x")
        assert terminal.read_to_end() == b""
        assert terminal.wait() == 0
    assert len(body) == BIG_BYTES
    assert hashlib.md5(body, usedforsecurity=False).hexdigest() == found[1]


def test_50_megabytes_are_whole_when_the_program_ends_with_the_last_of_them(
    containers: Containers,
) -> None:
    """With a client that reads to the end, as ctr does not (see above)."""
    text = "0123456789\n"
    script = f"stty raw -echo; echo begin; yes {text.strip()} | head -c {BIG_BYTES}"

    async def scenario(client: ShimClient) -> None:
        await client.run("big", "sleep", "1000")
        stdio = Fifos.made(client.root, "big").stdout_alone()
        output = asyncio.ensure_future(read_to_end(stdio.open_to_read("stdout")))
        request = exec_request(client.id("big"), "shows", ("sh", "-c", script), stdio)
        request.terminal = True
        await client.call("Exec", request, task_pb2.ExecProcessRequest)
        await client.start("big", "shows")
        assert (await client.ended("big", "shows")).exit_status == 0
        _, _, body = (await output).partition(b"begin\n")
        assert len(body) == BIG_BYTES
        assert body == (text.encode() * (BIG_BYTES // len(text) + 1))[:BIG_BYTES]

    play(containers, scenario)


def test_an_exec_has_a_terminal_of_its_own(containers: Containers) -> None:
    containers.sleep("texec")
    command = containers.exec_command("texec", "shell", "sh", options=("--tty",))
    with containers.window(*command, rows=21, columns=77) as terminal:
        # ctr tells an exec's size after its start (with runc's shim too).
        at_prompt(terminal, "until [ \"$(stty size)\" = '21 77' ]; do :; done; stty size\r")
        terminal.read_until("21 77\r\n")
        terminal.resize(22, 78)
        at_prompt(terminal, "until [ \"$(stty size)\" = '22 78' ]; do :; done; stty size\r")
        terminal.read_until("22 78\r\n")
        at_prompt(terminal, "sh -c 'echo begun; exec sleep 1000'\r")
        terminal.read_until("begun\r\n")
        terminal.send("\x03")
        at_prompt(terminal, "echo status $?\r")
        terminal.read_until("status 130\r\n")
        at_prompt(terminal, "exit 8\r")
        assert terminal.wait() == 8
    assert containers.status("texec") == "RUNNING"


def test_many_terminals_in_a_row_show_all_their_output(containers: Containers) -> None:
    containers.sleep("tmany")
    for number in range(30):
        script = f"echo n{number}; exit 3"
        with containers.terminal(
            *containers.exec_command("tmany", f"t{number}", "sh", "-c", script, options=("--tty",))
        ) as terminal:
            # Beside it ctr may complain that an ended program has no size any more.
            assert terminal.read_to_end().count(f"n{number}\r\n".encode()) == 1
            assert terminal.wait() == 3


def test_a_terminal_that_is_closed_hangs_up_nobody_else(containers: Containers) -> None:
    containers.sleep("tclose")
    one, two = (
        containers.exec_command("tclose", name, "sh", options=("--tty",)) for name in ("one", "two")
    )
    with containers.window(*two) as stays:
        at_prompt(stays, "echo $((20 + 1))\r")
        stays.read_until("\r\n21\r\n")
        with containers.window(*one) as goes:
            at_prompt(goes, "echo $((30 + 1))\r")
            goes.read_until("\r\n31\r\n")
        at_prompt(stays, "echo $((50 + 1))\r")
        stays.read_until("\r\n51\r\n")
        at_prompt(stays, "exit 5\r")
        assert stays.wait() == 5
    # ctr did not live to remove what it had made for the exec.
    containers.root.shell("rm -r $(dirname /run/containerd/fifo/*/one-stdin)")
