"""The command line for people: install, uninstall, doctor, ps, sim, demo."""


def main() -> None:
    """Runs `shimctl`; does not return."""
    from entrypoints.shimctl.main import shimctl  # noqa: PLC0415 (nobody else needs click)

    shimctl(prog_name="shimctl")
