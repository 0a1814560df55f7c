"""What a debug answer carries beside the error: only then, and only what can be read (R080)."""

from domain import bundle_files
from domain.refusal import Evidence
from domain.shim import Shim
from domain.task import Container, Process


async def evidence(
    shim: Shim, container: Container, process: Process, definition: str
) -> tuple[Evidence, ...]:
    """The unit, the process's configuration and runc's log; nothing without debug."""
    if not container.debug:
        return ()
    exec_id = process.key.exec_id
    bundle = container.bundle
    spec = (
        bundle_files.config(bundle) if exec_id is None else bundle_files.exec_spec(bundle, exec_id)
    )
    files = await shim.ports.bundles.evidence(
        (("process.json", spec), ("runc debug", bundle_files.runtime_log(bundle, exec_id)))
    )
    return (Evidence("unit", definition), *files)
