"""Domain values as the messages that clients read."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp as TimestampMessage

from adapters.messages import process_pb2, runc_pb2, task_pb2
from domain.exit_status import NEVER, Exit, Timestamp
from domain.lifecycle import Phase
from domain.use_cases.delete import Departed
from domain.use_cases.query import ListedProcess, ProcessView

NS_PER_S: Final = 1_000_000_000
# Go's zero time, which runc.v2 sends for "not yet" and clients know how to read (T137).
GO_ZERO_S: Final = -62_135_596_800
PROCESS_DETAILS: Final = "containerd.runc.v1.ProcessDetails"

STATUS: Final[Mapping[Phase, process_pb2.Status]] = {
    Phase.CREATED: process_pb2.CREATED,
    Phase.STARTING: process_pb2.CREATED,  # until Start has succeeded (D19)
    Phase.RUNNING: process_pb2.RUNNING,
    Phase.PAUSED: process_pb2.PAUSED,
    Phase.EXITED: process_pb2.STOPPED,
    Phase.DELETED: process_pb2.STOPPED,
}


def timestamp(at: Timestamp) -> TimestampMessage:
    if at == NEVER:
        return TimestampMessage(seconds=GO_ZERO_S)
    return TimestampMessage(seconds=at // NS_PER_S, nanos=at % NS_PER_S)


def state(view: ProcessView) -> task_pb2.StateResponse:
    """The id is the exec's for an exec; `exec_id` is never filled (T136)."""
    stdio = view.stdio
    ended = view.exit
    return task_pb2.StateResponse(
        id=view.key.exec_id or view.key.owner.container,
        bundle=view.bundle,
        pid=view.pid,
        status=STATUS[view.phase],
        stdin=stdio.stdin,
        stdout=stdio.stdout,
        stderr=stdio.stderr,
        terminal=stdio.terminal,
        exit_status=0 if ended is None else ended.status,
        exited_at=timestamp(NEVER if ended is None else ended.at),
    )


def wait(ended: Exit) -> task_pb2.WaitResponse:
    return task_pb2.WaitResponse(exit_status=ended.status, exited_at=timestamp(ended.at))


def delete(departed: Departed) -> task_pb2.DeleteResponse:
    return task_pb2.DeleteResponse(
        pid=departed.pid,
        exit_status=departed.exit.status,
        exited_at=timestamp(departed.exit.at),
    )


def pids(listed: tuple[ListedProcess, ...]) -> task_pb2.PidsResponse:
    return task_pb2.PidsResponse(processes=[_process(each) for each in listed])


def _process(each: ListedProcess) -> process_pb2.ProcessInfo:
    if each.exec_id is None:
        return process_pb2.ProcessInfo(pid=each.pid)
    details = runc_pb2.ProcessDetails(exec_id=each.exec_id).SerializeToString()
    return process_pb2.ProcessInfo(
        pid=each.pid, info=AnyMessage(type_url=PROCESS_DETAILS, value=details)
    )
