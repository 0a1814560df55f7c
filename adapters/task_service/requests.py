"""Messages of clients as domain values; what makes no sense is refused here."""

from returns.result import Failure, Result, Success

from adapters.disk.start_note import StartNote
from adapters.messages import mount_pb2, task_pb2
from adapters.task_service.options import runtime_options
from domain.identity import ContainerKey, ProcessKey, container_key, exec_id
from domain.outcome import failed
from domain.refusal import InvalidArgument
from domain.request import CreateRequest, ExecRequest, Mount, Stdio


def process_key(owner: ContainerKey, exec_text: str) -> Result[ProcessKey, InvalidArgument]:
    """The init, if no exec is named."""
    if not exec_text:
        return Success(ProcessKey(owner))
    return exec_id(exec_text).map(lambda checked: ProcessKey(owner, checked))


def create(
    owner: ContainerKey, message: task_pb2.CreateTaskRequest, note: StartNote
) -> Result[CreateRequest, InvalidArgument]:
    """`note` is what this container's `start` has left in the bundle."""
    if not message.bundle.startswith("/"):
        return Failure(InvalidArgument(f"bundle {message.bundle!r} is no absolute path"))
    options = runtime_options(message.options)
    if failed(options):
        return Failure(options.failure())
    return Success(
        CreateRequest(
            owner=owner,
            bundle=message.bundle.rstrip("/"),
            rootfs=tuple(_mount(each) for each in message.rootfs),
            stdio=Stdio(message.stdin, message.stdout, message.stderr, message.terminal),
            checkpoint=message.checkpoint,
            options=options.unwrap(),
            debug=note.debug,
            publish_to=note.ttrpc_address,
        )
    )


def add_exec(
    owner: ContainerKey, message: task_pb2.ExecProcessRequest
) -> Result[ExecRequest, InvalidArgument]:
    checked = exec_id(message.exec_id)
    if failed(checked):
        return Failure(checked.failure())
    # A terminal has one stream; a client that names a stderr all the same means nothing by it.
    stderr = "" if message.terminal else message.stderr
    stdio = Stdio(message.stdin, message.stdout, stderr, message.terminal)
    return Success(ExecRequest(ProcessKey(owner, checked.unwrap()), stdio, message.spec.value))


def owner(namespace: str, container: str) -> Result[ContainerKey, InvalidArgument]:
    return container_key(namespace, container)


def _mount(message: mount_pb2.Mount) -> Mount:
    return Mount(message.type, message.source, message.target, tuple(message.options))
