"""Starts the reaper as a module: of that Python keeps the bytecode, a script it compiles anew.

    python3 -IS run_reaper.py PID_FILE -- RUNC ARGUMENT…

With `-I` Python does not look for modules beside the script.
"""

import sys

sys.path.insert(0, sys.argv[0].rpartition("/")[0])

from reaper import run  # type: ignore[import-not-found]

run()
