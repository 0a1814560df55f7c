"""`shimctl sim run`: the lifecycle rules against every known fault, one seed after the other."""

import time
from collections import Counter

import click

STORY_TAIL = 40


@click.group()
def command() -> None:
    """Run the lifecycle rules in the simulator.

    A seed is one small world: a few containers with their clients, faults of systemd, its bus,
    runc, the disk and containerd until a moment T0, a crash or two of the shim, and then the
    verdict. The same seed plays the same life again, step by step.
    """


@command.command()
@click.option("--seeds", default=1_000, show_default=True, help="How many seeds to play.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
def run(seeds: int, first: int) -> None:
    """Play seeds and judge them.

    Exit status 1 if an invariant was violated; the seed and the end of its story are shown.

    \b
        shimctl sim run --seeds 5000
        shimctl sim run --first 4711 --seeds 1
    """
    from sim.run import run as play  # noqa: PLC0415 (200 ms, and only this command wants it)

    totals: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    begun = time.perf_counter()
    for seed in range(first, first + seeds):
        report = play(seed)
        totals.update(lives=report.lives, steps=report.steps, crashes=report.crashes)
        fired.update(report.fired)
        if report.violations:
            totals["violations"] += len(report.violations)
            click.echo(f"seed {seed}")
            for violation in report.violations:
                click.echo(f"  {violation}")
            for line in report.story.lines[-STORY_TAIL:]:
                click.echo(f"    {line}")
    took_s = time.perf_counter() - begun
    click.echo(f"{seeds} seeds from {first}: {totals['lives']} lives, {totals['steps']} steps,")
    click.echo(f"{totals['crashes']} crashes of the shim, {totals['violations']} violations,")
    click.echo(f"{totals['lives'] / took_s:.0f} lives a second.")
    counts = "  ".join(f"{number} {count}" for number, count in sorted(fired.items()))
    click.echo(f"Faults that fired: {counts or 'none'}")
    if totals["violations"]:
        raise SystemExit(1)
