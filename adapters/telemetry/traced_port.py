"""A port with a span around each of its calls; the rules do not notice."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from returns.result import Failure

from domain.identity import ContainerKey, ProcessKey
from domain.ports.runc import RuncTarget
from domain.ports.tracing import Tracing
from domain.record import ContainerRecord
from domain.unit import UnitRef
from domain.unit_definition import UnitDefinition
from domain.unit_name import process_of


class TracedPort:
    """Answers what the port answers; a refusal marks the span as an error."""

    def __init__(self, name: str, port: object, tracing: Tracing) -> None:
        self._name = name
        self._port = port
        self._tracing = tracing

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._port, method)
        # A wait for news is no step of anything: it would be a span of hours.
        if not inspect.iscoroutinefunction(attribute) or method == "hint":
            return attribute
        traced = self._traced(f"{self._name}.{method}", attribute)
        setattr(self, method, traced)
        return traced

    def _traced(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        async def traced(*arguments: Any, **named: Any) -> Any:
            with self._tracing.span(name, attributes_of(arguments)) as span:
                outcome = await call(*arguments, **named)
                if isinstance(outcome, Failure):
                    span.fail(str(outcome.failure()))
                return outcome

        return traced


def attributes_of(arguments: tuple[Any, ...]) -> dict[str, str | int]:
    """Whose step it is, as far as the arguments say."""
    for argument in arguments:
        match argument:
            case ProcessKey():
                return _process(argument)
            case ContainerKey():
                return _process(ProcessKey(argument))
            case RuncTarget(owner=owner) | ContainerRecord(owner=owner):
                return _process(ProcessKey(owner))
            case UnitRef(name=unit) | UnitDefinition(name=unit):
                key = process_of(unit)
                return {"unit": unit, **(_process(key) if key is not None else {})}
            case _:
                continue
    return {}


def _process(key: ProcessKey) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "namespace": key.owner.namespace,
        "container.id": key.owner.container,
    }
    if key.exec_id is not None:
        attributes["exec.id"] = key.exec_id
    return attributes
