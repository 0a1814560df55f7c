import dataclasses

import pytest

from adapters.systemd.bus import Variant
from adapters.systemd.properties import SIGNATURES, start_arguments, unfit_text
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.request import RuntimeOptions, Stdio
from domain.unit_definition import Host, Start, UnitDefinition, exec_unit, init_unit
from domain.unit_name import UnitName

OWNER = ContainerKey(Namespace("default"), ContainerId("web"))
FILES = Stdio("/run/in", "/run/out", "/run/err")
TERMINAL = Stdio("/run/in", "/run/out", terminal=True)
UNIT = UnitName("io-containerd-systemd-default-web-init.service")


def host(version: int) -> Host:
    return Host(version, "", ("python3", "reaper"), ("python3", "subgroup"), "shim.service")


def start(stdio: Stdio, console: str = "") -> Start:
    return Start(
        ProcessKey(OWNER),
        "/b",
        stdio,
        RuntimeOptions(),
        "a.slice",
        debug=False,
        console_socket=console,
    )


DEFINITIONS = [
    make(start(stdio, console), host(version))
    for make in (
        init_unit,
        lambda begin, where: exec_unit(begin, ExecId("e"), where),
    )
    for stdio, console in ((FILES, ""), (Stdio(), ""), (TERMINAL, "/run/console"))
    for version in (252, 262)
]


def test_every_property_of_every_definition_has_a_type_that_fits_its_value() -> None:
    used = set()
    for definition in DEFINITIONS:
        _, _, properties, _ = start_arguments(definition)
        for name, variant in properties:
            assert isinstance(variant, Variant)  # its constructor checks the value
            used.add(name)
    assert used == set(SIGNATURES) | {"ExecStart", "AddRef"}


def test_a_start_asks_for_a_reference_and_replaces_jobs() -> None:
    name, mode, properties, others = start_arguments(DEFINITIONS[0])
    assert (name, mode, others) == (DEFINITIONS[0].name, "replace", [])
    assert properties[-1][0] == "AddRef"
    assert properties[-1][1].value is True


def test_dollars_in_arguments_are_doubled_and_percents_are_not() -> None:
    definition = UnitDefinition(UNIT, ("/bin/$x", "$HOME", "%n ${A} 100%"), {})
    _, _, properties, _ = start_arguments(definition)
    ((path, argv, ignore),) = dict(properties)["ExecStart"].value
    assert path == "/bin/$x"
    assert argv == ["/bin/$$x", "$$HOME", "%n $${A} 100%"]
    assert ignore is False


@pytest.mark.parametrize("text", ["a\0b", "caf\udce9"])
def test_a_text_that_would_end_the_connection_is_found_wherever_it_is(text: str) -> None:
    fine = UnitDefinition(UNIT, ("/bin/true", "é €"), {"Description": "ü", "After": ("a",)})
    assert unfit_text(fine) is None
    for unfit in (
        dataclasses.replace(fine, argv=("/bin/true", text)),
        dataclasses.replace(fine, properties={"Description": text}),
        dataclasses.replace(fine, properties={"After": ("a", text)}),
    ):
        assert unfit_text(unfit) == text
