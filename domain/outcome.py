"""Asking a Result which of its two forms it has, without losing its types.

After `isinstance(x, Failure)` mypy knows `x` only as `Failure[Any]`; after `failed(x)` the
error's type is still there.
"""

from typing import Any

from returns.result import Failure, Result


def failed(outcome: Result[Any, Any]) -> bool:
    """True when it holds a refusal; then `outcome.failure()` is it, else `outcome.unwrap()`."""
    return isinstance(outcome, Failure)
