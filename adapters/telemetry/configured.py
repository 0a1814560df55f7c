"""Whether anybody wants traces; what they cost is loaded only then.

The standard variables decide (OpenTelemetry's SDK environment): an OTLP endpoint switches
tracing on, `OTEL_SDK_DISABLED=true` off.
"""

import os
from dataclasses import fields, replace
from typing import Final, Protocol

from adapters.telemetry.silence import Silence
from domain.ports.tracing import Tracing
from domain.shim import Ports

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# Not asked for anything that could fail or take long, and asked all the time.
UNTRACED: Final = frozenset({"concurrency", "clock", "log"})


class ClosableTracing(Tracing, Protocol):
    def close(self) -> None:
        """Sends what is left, within a bound."""
        ...


def is_wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return any(os.environ.get(name) for name in ENDPOINTS)


def tracing() -> ClosableTracing:
    if not is_wanted():
        return Silence()
    from adapters.telemetry.opentelemetry import OpenTelemetry  # noqa: PLC0415 (64 ms, 9 MB)

    return OpenTelemetry()


def traced(ports: Ports, by: Tracing) -> Ports:
    """The same ports with a span around each call; the very same where nobody wants spans."""
    if isinstance(by, Silence):
        return ports
    from adapters.telemetry.traced_port import TracedPort  # noqa: PLC0415 (only where wanted)

    wrapped = {
        each.name: TracedPort(each.name, getattr(ports, each.name), by)
        for each in fields(ports)
        if each.name not in UNTRACED
    }
    return replace(ports, **wrapped)
