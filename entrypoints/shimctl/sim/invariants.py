"""`shimctl sim invariants`: what must hold, whatever goes wrong."""

import click


@click.command(short_help="List what must hold, and where it is checked.")
def command() -> None:
    """List the invariants: what each says, when it is checked, and where in the code.

    S is for safety: it holds at every moment, and is judged when a run is over or broken off.
    L is for liveness: it has come about when faults have ceased and time has passed.

    \b
        shimctl sim invariants
    """
    # 200 ms, and only this command wants it.
    from sim.explore.wording import described  # noqa: PLC0415

    for each in described():
        click.echo(f"{each.invariant:<4} {each.says}")
        click.echo(f"     {each.when}; {each.where}")
