"""The domain's Clock port: the machine's time of day."""

import time

from domain.exit_status import Timestamp


class SystemClock:
    def now(self) -> Timestamp:
        return Timestamp(time.time_ns())
