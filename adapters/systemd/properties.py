"""A unit's definition in the form that StartTransientUnit wants.

Each property has one D-Bus type, which the table below holds; one that is missing from it is a
bug, found by the tests for every definition that the domain can make.
"""

from collections.abc import Mapping
from typing import Any, Final

from adapters.systemd.bus import Variant
from domain.runc_command import Argv
from domain.unit_definition import UnitDefinition, Value

SIGNATURES: Final[Mapping[str, str]] = {
    "After": "as",
    "CPUAccounting": "b",
    "Delegate": "b",
    "DelegateSubgroup": "s",
    "Description": "s",
    "GuessMainPID": "b",
    "IOAccounting": "b",
    "IgnoreSIGPIPE": "b",
    "KillMode": "s",
    "LimitCORE": "t",
    "LimitNOFILE": "t",
    "LimitNOFILESoft": "t",
    "LimitNPROC": "t",
    "NotifyAccess": "s",
    "LogLevelMax": "i",
    "MemoryAccounting": "b",
    "OOMPolicy": "s",
    "PIDFile": "s",
    "RemainAfterExit": "b",
    "Restart": "s",
    "SendSIGHUP": "b",
    "Slice": "s",
    "StandardError": "s",
    "StandardErrorFile": "s",
    "StandardInput": "s",
    "StandardInputFile": "s",
    "StandardOutput": "s",
    "StandardOutputFile": "s",
    "StartLimitIntervalUSec": "t",
    "TasksAccounting": "b",
    "TasksMax": "t",
    "TimeoutStartUSec": "t",
    "TimeoutStopUSec": "t",
    "Type": "s",
    "UMask": "u",
    "WorkingDirectory": "s",
}

START_SIGNATURE: Final = "ssa(sv)a(sa(sv))"


def start_arguments(definition: UnitDefinition) -> tuple[Any, ...]:
    """The arguments of StartTransientUnit, mode `replace`, no auxiliary units."""
    properties = [
        [name, Variant(SIGNATURES[name], _plain(value))]
        for name, value in definition.properties.items()
    ]
    properties.append(["ExecStart", Variant("a(sasb)", [_command(definition.argv)])])
    # AddRef comes with the start, not after it: a unit is collected, and its exit status with
    # it, the moment it goes inactive (F46; org.freedesktop.systemd1(5)).
    properties.append(["AddRef", Variant("b", True)])
    return (definition.name, "replace", properties, [])


def unfit_text(definition: UnitDefinition) -> str | None:
    """The first text that cannot be said over D-Bus; for one message with it the bus ends the
    connection of everybody's units (F95, F96)."""
    texts = [*definition.argv]
    for value in definition.properties.values():
        match value:
            case str():
                texts.append(value)
            case tuple():
                texts.extend(value)
    return next((text for text in texts if not _is_fit(text)), None)


def _is_fit(text: str) -> bool:
    # NUL ends a D-Bus string; a surrogate is a byte of a file name that is no UTF-8.
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _command(argv: Argv) -> list[Any]:
    """Path, argument list, and whether a failure is ignored: never.

    systemd expands `$NAME` in arguments (systemd.service(5), "Command lines"), and over the bus
    nothing else: specifiers are only for unit files.
    """
    return [argv[0], [argument.replace("$", "$$") for argument in argv], False]


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value
