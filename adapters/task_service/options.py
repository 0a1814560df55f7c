"""A Create's runtime options: a typed Any that means runc's Options."""

from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from returns.result import Failure, Result, Success

from adapters.messages.runc_pb2 import Options
from domain.refusal import InvalidArgument
from domain.request import DEFAULT_RUNTIME, DEFAULT_RUNTIME_ROOT, RuntimeOptions

RUNC_OPTIONS: Final = "containerd.runc.v1.Options"


def runtime_options(packed: AnyMessage) -> Result[RuntimeOptions, InvalidArgument]:
    """Defaults if nothing is packed; a type that is not runc's is refused (T101, T102).

    containerd writes the bare name, protobuf's own tools one with a host before it (T100).
    """
    name = packed.type_url.rpartition("/")[2]
    if not name and not packed.value:
        return Success(RuntimeOptions())
    if name != RUNC_OPTIONS:
        return Failure(InvalidArgument(f"options of type {packed.type_url!r} mean nothing here"))
    try:
        options = Options.FromString(packed.value)
    except DecodeError as why:
        return Failure(InvalidArgument(f"error unmarshalling options: {why}"))
    return Success(
        RuntimeOptions(
            binary=options.binary_name or DEFAULT_RUNTIME,
            root=options.root or DEFAULT_RUNTIME_ROOT,
            no_pivot_root=options.no_pivot_root,
            no_new_keyring=options.no_new_keyring,
            systemd_cgroup=options.systemd_cgroup,
            io_uid=options.io_uid,
            io_gid=options.io_gid,
            criu_work_path=options.criu_work_path,
        )
    )
