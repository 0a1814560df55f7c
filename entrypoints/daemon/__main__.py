"""`python3 -I …/entrypoints/daemon serve`: run by its path, so that nothing needs installing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from entrypoints.daemon.main import main

main()
