"""`shimctl demo`: a container's life, told as a story by the simulator."""

import click


@click.command()
@click.option("--sim", is_flag=True, required=True, help="In the simulator (the only form here).")
@click.option("--seed", default=1, show_default=True, help="Which life.")
def command(sim: bool, seed: int) -> None:  # noqa: ARG001, FBT001 (click's signature)
    """Tell a container's life from create to delete.

    The rules that run in production run here in a small world of their own, with virtual time:
    no root, no container, nothing is changed. On real engines: script/demo in a checkout.
    """
    from sim.tale import tell  # noqa: PLC0415 (200 ms, and only this command wants it)

    for sentence in tell(seed):
        click.echo(sentence)
