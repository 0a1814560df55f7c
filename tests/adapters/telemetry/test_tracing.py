"""Spans at the borders: who they are about, whose failure they tell, and what they cost nobody."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from returns.result import Failure, Result, Success

from adapters.telemetry import configured
from adapters.telemetry.silence import Silence
from adapters.telemetry.traced_port import TracedPort, attributes_of
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.refusal import ProcessGone
from domain.shim import Ports
from domain.unit import UnitRef
from domain.unit_name import unit_name

otel = pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")

from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)
from opentelemetry.trace import StatusCode  # noqa: E402

from adapters.telemetry.opentelemetry import OpenTelemetry  # noqa: E402

WEB = ContainerKey(Namespace("default"), ContainerId("web"))
EXEC = ProcessKey(WEB, ExecId("e"))
ROOT = Path(__file__).parents[3]


@dataclass
class SomePort:
    answer: Result[int, ProcessGone]

    async def ask(self, process: ProcessKey) -> Result[int, ProcessGone]:
        assert process == EXEC
        return self.answer

    async def hint(self) -> None:
        return None


def _spans(answer: Result[int, ProcessGone]) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    tracing = OpenTelemetry(exporter)
    port = TracedPort("some", SomePort(answer), tracing)

    async def call() -> None:
        with tracing.span("api", {"namespace": "default"}):
            assert await port.ask(EXEC) == answer
            await port.hint()

    asyncio.run(call())
    tracing.close()
    return exporter


def test_a_port_call_is_a_span_below_its_api_call_and_says_whom_it_is_about() -> None:
    step, api = _spans(Success(1)).get_finished_spans()
    assert (step.name, api.name) == ("some.ask", "api")
    assert step.parent is not None
    assert step.parent.span_id == api.context.span_id
    assert dict(step.attributes or {}) == {
        "namespace": "default",
        "container.id": "web",
        "exec.id": "e",
    }


def test_a_refusal_marks_its_span_as_an_error_with_the_reason() -> None:
    step, _ = _spans(Failure(ProcessGone())).get_finished_spans()
    assert step.status.status_code is StatusCode.ERROR
    assert "ProcessGone" in str(step.status.description)


def test_the_wait_for_hints_is_no_span() -> None:
    assert [span.name for span in _spans(Success(1)).get_finished_spans()] == ["some.ask", "api"]


def test_a_units_span_names_the_unit_and_its_container() -> None:
    unit = unit_name(EXEC)
    assert attributes_of((UnitRef(unit),)) == {
        "unit": unit,
        "namespace": "default",
        "container.id": "web",
        "exec.id": "e",
    }


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
            False,
        ),
    ],
)
def test_the_standard_variables_decide(
    monkeypatch: pytest.MonkeyPatch, *, variables: dict[str, str], wanted: bool
) -> None:
    for name in (*configured.ENDPOINTS, "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert configured.is_wanted() is wanted


def test_untraced_ports_are_the_very_ports() -> None:
    ports = Ports(*(object() for _ in fields(Ports)))  # type: ignore[arg-type]
    assert configured.traced(ports, Silence()) is ports


def test_nothing_of_opentelemetry_is_loaded_where_nobody_asked_for_it() -> None:
    program = (
        "import sys; from adapters.telemetry import configured; configured.tracing();"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    environment = {"PYTHONPATH": ":".join([str(ROOT), *sys.path])}
    assert (
        subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode
        == 0
    )
