"""One connection to the message bus: calls with deadlines, signals, a death that is noticed.

The only file that knows dbus_next, so that another library can take its place. dbus_next 0.2.3
is unmaintained; what it does wrong and is worked around here:

- its constructor connects with a blocking call, and its authentication spins for ever when the
  bus closes meanwhile: the socket and the handshake are our own;
- a second message queued behind an unfinished one can kill the connection: writing is our own
  too, only the marshalling is its;
- a call on a dead connection never resolves: reply futures are ours, each with a deadline;
- a closed connection keeps its socket: the socket and its stream are closed here;
- received file descriptors that nobody takes stay open: passing them is not negotiated, so
  the bus delivers none (nothing that we call answers with one).
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant
from returns.result import Failure, Result, Success

from adapters.systemd.authentication import authenticate
from adapters.systemd.sending import Sender
from domain.limits import Seconds
from domain.refusal import DeadlinePassed

__all__ = ["Bus", "BusGone", "Call", "CallRefused", "Signal", "Variant"]

SYSTEM_BUS: Final = "/run/dbus/system_bus_socket"
DAEMON: Final = "org.freedesktop.DBus"
# dbus-daemon refuses more unanswered calls of one connection (max_replies_per_connection is 128
# by default); a call that nobody waits for any more counts until its answer comes.
UNANSWERED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One method call; `body` in dbus_next's plain Python forms."""

    destination: str
    path: str
    interface: str
    member: str
    signature: str = ""
    body: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    path: str
    interface: str
    member: str
    body: list[Any]


@dataclass(frozen=True, slots=True)
class CallRefused:
    """The other side answered with an error."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BusGone:
    """The connection is lost; what was called may have been done or not."""

    why: str


Reply = Result[list[Any], CallRefused | BusGone]
Answer = Result[list[Any], CallRefused | BusGone | DeadlinePassed]


class _Outgoing(NamedTuple):
    serial: int
    raw: bytes
    reply: asyncio.Future[Reply] | None


class Bus:
    """A connection that is up; made by `connect`, ended by `close`, never reused."""

    def __init__(self, connection: MessageBus, on_signal: Callable[[Signal], None]) -> None:
        self._connection = connection
        self._on_signal = on_signal
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._sender = Sender(connection._sock)  # noqa: SLF001 - the only handle there is
        self._waiting: deque[_Outgoing] = deque()
        self._unanswered = 0
        self._gone: asyncio.Future[BusGone] = asyncio.get_running_loop().create_future()
        connection.add_message_handler(self._heard)
        self._watcher = asyncio.create_task(self._watch(), name="bus-watcher")

    @classmethod
    async def connect(
        cls, on_signal: Callable[[Signal], None], within: Seconds, socket_path: str = SYSTEM_BUS
    ) -> Result[Self, BusGone | DeadlinePassed]:
        """Connects and says Hello. `on_signal` is called for each signal, and must not block."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(within):
                sock.setblocking(False)
                # Never waits for a local socket: a full queue is EAGAIN.
                sock.connect(socket_path)
                await authenticate(sock)
                connection = _Connection(sock)
                await connection.connect()
        except TimeoutError:
            _close_socket(connection, sock)
            return Failure(DeadlinePassed("connection to the message bus", within))
        except (OSError, EOFError) as error:
            _close_socket(connection, sock)
            return Failure(BusGone(f"{socket_path}: {error!r}"))
        except BaseException:
            _close_socket(connection, sock)
            raise
        return Success(cls(connection, on_signal))

    @property
    def is_gone(self) -> bool:
        return self._gone.done()

    async def wait_gone(self) -> BusGone:
        """Waits until the connection is lost or closed."""
        return await asyncio.shield(self._gone)

    async def call(self, call: Call, within: Seconds) -> Answer:
        """Calls and waits for the answer."""
        return (await self.call_all((call,), within))[0]

    async def call_all(self, calls: Sequence[Call], within: Seconds) -> list[Answer]:
        """Calls one after another without waiting between; the answers in the same order."""
        replies = [self._submit(call) for call in calls]
        try:
            async with asyncio.timeout(within):
                for reply in replies:
                    await reply
        except TimeoutError:
            pass  # whatever has no answer yet says so below
        finally:
            for reply in replies:
                reply.cancel()
        return [
            Failure(DeadlinePassed(f"answer to {call.member}", within))
            if reply.cancelled()
            else reply.result()
            for call, reply in zip(calls, replies, strict=True)
        ]

    def post(self, call: Call) -> None:
        """Calls in order with all others, and wants no answer."""
        if not self.is_gone:
            self._send(_message(call, MessageFlag.NO_REPLY_EXPECTED), None)

    async def close(self) -> None:
        """Ends the connection and frees its descriptors; whoever waits is told BusGone."""
        if self._connection.connected:
            self._connection.disconnect()  # type: ignore[no-untyped-call]
        await self._watcher
        self._sender.close()
        _close_socket(self._connection, None)

    def _submit(self, call: Call) -> asyncio.Future[Reply]:
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self.is_gone:
            reply.set_result(Failure(self._gone.result()))
            return reply
        self._send(_message(call, MessageFlag.NONE), reply)
        return reply

    def _send(self, message: Message, reply: asyncio.Future[Reply] | None) -> None:
        message.serial = self._connection.next_serial()
        # A body that cannot be said is its caller's bug, and raised there.
        raw: bytes = message._marshall()  # type: ignore[no-untyped-call]  # noqa: SLF001 - no other
        self._waiting.append(_Outgoing(message.serial, raw, reply))
        self._send_what_may_be()

    def _send_what_may_be(self) -> None:
        while self._waiting and self._unanswered < UNANSWERED_MAX:
            serial, raw, reply = self._waiting.popleft()
            if reply is not None:
                if reply.done():
                    continue  # its deadline passed before its turn
                self._replies[serial] = reply
                self._unanswered += 1
            self._sender.put(raw)

    async def _watch(self) -> None:
        try:
            await self._connection.wait_for_disconnect()  # type: ignore[no-untyped-call]
            gone = BusGone("closed by us")
        except (OSError, EOFError) as error:
            gone = BusGone(f"connection to the message bus lost: {error!r}")
        except Exception as error:  # noqa: BLE001 - whatever a broken message raised in dbus_next
            gone = BusGone(f"message bus not understood: {error!r}")
        self._gone.set_result(gone)
        unsent = [waiting.reply for waiting in self._waiting if waiting.reply is not None]
        for reply in (*self._replies.values(), *unsent):
            if not reply.done():
                reply.set_result(Failure(gone))
        self._replies.clear()
        self._waiting.clear()

    def _heard(self, message: Message) -> bool:
        match message.message_type:
            case MessageType.SIGNAL:
                self._on_signal(
                    Signal(message.path, message.interface, message.member, message.body)
                )
            case MessageType.METHOD_CALL:
                if MessageFlag.NO_REPLY_EXPECTED not in message.flags:
                    # dbus_next's own answer would go past our sender.
                    self._send(_refusal(message), None)
            case _:
                self._answered(message)
        return True

    def _answered(self, message: Message) -> None:
        reply = self._replies.pop(message.reply_serial, None)
        if reply is None:
            return
        self._unanswered -= 1
        self._send_what_may_be()
        if reply.done():
            return
        if message.message_type is MessageType.ERROR:
            text = str(message.body[0]) if message.body else ""
            reply.set_result(Failure(CallRefused(message.error_name, text)))
        else:
            reply.set_result(Success(message.body))


class _Connection(MessageBus):
    """A MessageBus on a socket that is connected and authenticated already."""

    def __init__(self, sock: socket.socket) -> None:
        self._connected_socket = sock
        super().__init__(bus_address="unix:path=/")

    def _setup_socket(self) -> None:
        self._sock = self._connected_socket
        self._stream = self._sock.makefile("rwb")
        self._fd = self._sock.fileno()

    async def _authenticate(self) -> None:
        pass


def _close_socket(connection: MessageBus | None, sock: socket.socket | None) -> None:
    """Closes both holders of the descriptor; the stream alone would keep it open."""
    if connection is not None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(connection._fd)  # noqa: SLF001 - the only handle there is
        loop.remove_writer(connection._fd)  # noqa: SLF001
        # What could not be written any more does not matter.
        with contextlib.suppress(OSError):
            connection._stream.close()  # noqa: SLF001
        sock = connection._sock  # noqa: SLF001
    if sock is not None:
        sock.close()


def _message(call: Call, flags: MessageFlag) -> Message:
    return Message(
        destination=call.destination,
        path=call.path,
        interface=call.interface,
        member=call.member,
        signature=call.signature,
        body=list(call.body),
        flags=flags,
    )


def _refusal(message: Message) -> Message:
    """For whoever calls a method of ours: there is none."""
    answer = Message.new_error(message, f"{DAEMON}.Error.UnknownMethod", "nothing is served here")
    answer.flags = MessageFlag.NO_REPLY_EXPECTED
    return answer
