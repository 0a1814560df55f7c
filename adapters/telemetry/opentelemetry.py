"""The Tracing port on OpenTelemetry's SDK, exporting over OTLP/HTTP.

Export is best effort and beside the loop: a collector that does not answer costs spans and
nothing else (D50).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Status, StatusCode

SERVICE: Final = "io.containerd.systemd.v1"


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def fail(self, why: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, why))

    def note(self, attributes: Mapping[str, str | int]) -> None:
        self._span.set_attributes(dict(attributes))


class OpenTelemetry:
    """The current span travels with the task, so that port calls lie below their API call."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: SERVICE}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str | int]) -> Iterator[_Span]:
        with self._tracer.start_as_current_span(name, attributes=dict(attributes)) as span:
            yield _Span(span)

    def close(self) -> None:
        """Sends what is left; the exporter's own timeout bounds it."""
        self._provider.shutdown()
