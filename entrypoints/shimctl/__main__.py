"""`python -m entrypoints.shimctl`: from a checkout (script/shimctl), where nothing is installed."""

from entrypoints.shimctl import main

main()
