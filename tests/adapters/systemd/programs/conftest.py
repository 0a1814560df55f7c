"""Our little programs are started here as systemd starts them."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_signal_is_ignored() -> Iterator[None]:
    """nohup and its like leave SIGHUP ignored, and every child inherits that (signal(7))."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
