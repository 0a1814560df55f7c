"""Who is who: one id in two namespaces, one name for two units."""

from typing import Final

from domain import bundle_files
from domain.identity import ContainerKey, Namespace, ProcessKey
from domain.request import RuntimeOptions
from domain.shim import Shim
from domain.unit_name import UnitName, unit_name
from domain.use_cases import terminal
from sim.bugs.bug import At, Bug, InPlaceOf

_resize = terminal.resize


def _one_root(options: RuntimeOptions, _: Namespace) -> str:
    return options.root


def _of_any_namespace(process: ProcessKey) -> UnitName:
    owner = ContainerKey(Namespace("any"), process.owner.container)
    return unit_name(ProcessKey(owner, process.exec_id))


async def _of_somebody_there(shim: Shim, key: ProcessKey, width: int, height: int) -> object:
    shim.process(key).unwrap()
    return await _resize(shim, key, width, height)


BUGS: Final = (
    Bug(
        "one-runc-root-for-all-namespaces",
        "two containers of one id in two namespaces are one to runc",
        "F84",
        (At(bundle_files, "runtime_root", _one_root),),
    ),
    Bug(
        "unit-names-without-namespace",
        "two containers of one id in two namespaces have one unit",
        "D31",
        (InPlaceOf(unit_name, _of_any_namespace),),
    ),
    Bug(
        "resize-of-an-unknown-exec-crashes",
        "a request about nobody ends in an exception",
        "D35",
        (InPlaceOf(_resize, _of_somebody_there),),
    ),
)
