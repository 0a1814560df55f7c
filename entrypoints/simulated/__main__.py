"""`python3 -I …/entrypoints/simulated SOCKET …`: run by its path, as containerd's launcher does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from entrypoints.simulated.launcher import main

sys.exit(main(sys.argv[1:]))
