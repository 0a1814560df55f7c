"""One connection of a server: its wire, its protocol, and the calls that it waits for."""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .call import Call, Caller, ConnectionId, Method, Services, find_method
from .envelope import Request, Result
from .frame import StreamId
from .handlers import Handlers
from .server_protocol import Opened, Reply, ServerProtocol
from .status import CANCELED, DEADLINE_EXCEEDED, TOO_MANY_CALLS, Code, Status
from .wire import Wire

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one connection, so that a peer gone wrong is stopped before memory is gone.

    Answers that the peer does not read are kept up to `unsent_bytes_max` (sixteen of the
    largest), then it is dropped.  Above `unfinished_calls_max` a call is refused with code 8;
    handlers that have not ended count whether or not somebody still waits for them.  A
    connection has a Wait or two for each of its processes, so thousands are no fault yet.
    """

    unsent_bytes_max: int = 64 << 20
    unfinished_calls_max: int = 16_384


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a server's connections have in common."""

    services: Services
    limits: Limits
    handlers: Handlers
    closed: Callable[[ConnectionId], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody waits for the answer to `call`, until `deadline` at most."""

    call: Call
    deadline: asyncio.TimerHandle | None


class Connection:
    __slots__ = ("_caller", "_protocol", "_surroundings", "_unfinished", "_waiting", "_wire")

    def __init__(self, sock: socket.socket, caller: Caller, surroundings: Surroundings) -> None:
        self._caller = caller
        self._surroundings = surroundings
        self._protocol = ServerProtocol()
        self._waiting: dict[StreamId, _Waiting] = {}
        self._unfinished = 0
        self._wire = Wire(sock, self)

    def received(self, data: bytes) -> None:
        for step in self._protocol.receive(data):
            if not self._wire.is_open:
                return  # dropped by a step before: nobody reads, so nothing more is begun
            match step:
                case Reply(reply):
                    self._send(reply)
                case Opened(stream, request):
                    self._open(stream, request)

    def ended(self, reason: OSError | None) -> None:
        if reason is not None:
            _log.debug("%s: %s", self._caller, reason)
        self._forget_calls()

    def stop_reading(self) -> None:
        self._wire.stop_reading()

    async def flushed(self) -> None:
        await self._wire.flushed()

    def close(self) -> None:
        """Close at once; handlers go on, their answers are dropped."""
        if self._wire.is_open:
            self._wire.close()
            self._forget_calls()

    def _open(self, stream: StreamId, request: Request) -> None:
        method = find_method(self._surroundings.services, request)
        if not isinstance(method, Status) and self._is_full():
            method = TOO_MANY_CALLS
        if isinstance(method, Status):
            self._send(self._protocol.answer(stream, method))
            return
        call = Call.of(self._caller, stream, request)
        self._waiting[stream] = _Waiting(call, self._deadline(call))
        self._unfinished += 1
        self._surroundings.handlers.start(self._run(method, call, request.payload))

    def _is_full(self) -> bool:
        return self._unfinished >= self._surroundings.limits.unfinished_calls_max

    def _deadline(self, call: Call) -> asyncio.TimerHandle | None:
        if call.timeout_seconds is None:
            return None
        loop = asyncio.get_running_loop()
        return loop.call_later(call.timeout_seconds, self._expire, call)

    def _expire(self, call: Call) -> None:
        self._answer(call, DEADLINE_EXCEEDED)
        call.gone.set()

    async def _run(self, method: Method, call: Call, payload: bytes) -> None:
        try:
            self._answer(call, await method(call, payload))
        except asyncio.CancelledError:
            self._answer(call, CANCELED)
            raise
        except Exception as error:  # noqa: BLE001 - a handler's bug harms its own call only
            _log.exception("%s/%s failed", call.service, call.method)
            self._answer(call, Status(Code.UNKNOWN, str(error) or type(error).__name__))
        finally:
            self._unfinished -= 1

    def _answer(self, call: Call, result: Result) -> None:
        """Send the outcome, unless the call was answered or the connection closed before."""
        reply = self._protocol.answer(call.stream, result)
        waiting = self._waiting.pop(call.stream, None)
        if waiting is not None and waiting.deadline is not None:
            waiting.deadline.cancel()
        self._send(reply)

    def _send(self, data: bytes) -> None:
        self._wire.send(data)
        if self._wire.unsent_bytes > self._surroundings.limits.unsent_bytes_max:
            _log.warning("%s does not read its answers: dropped", self._caller)
            self.close()

    def _forget_calls(self) -> None:
        end = self._protocol.end()
        if end is not None:
            _log.debug("%s: %s", self._caller, end)
        for waiting in self._waiting.values():
            if waiting.deadline is not None:
                waiting.deadline.cancel()
            waiting.call.gone.set()
        self._waiting.clear()
        self._surroundings.closed(self._caller.connection)
