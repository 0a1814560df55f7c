"""The installed face of the project: puts the private tree on the path and runs an entrypoint.

The tree (`domain`, `adapters`, …) lies in `app/` beside this file, where no other
distribution can trip over its short names.
"""

import sys
from pathlib import Path

APP = Path(__file__).with_name("app")


def shimctl() -> None:
    """Runs the people's command line."""
    sys.path.insert(0, str(APP))
    from entrypoints.shimctl import main  # noqa: PLC0415 (the path must be set first)

    main()
