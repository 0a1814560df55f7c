"""`shimctl doctor`."""

from pathlib import Path
from typing import Final

import click

from entrypoints import places
from entrypoints.shimctl import installation
from entrypoints.shimctl.checks import cgroups, containerd, runtime, shim, systemd
from entrypoints.shimctl.checks.finding import Finding, Verdict

_COLOURS: Final = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
_VERDICT_CHARS: Final = 4
_SUBJECT_CHARS: Final = len(places.SERVICE_UNIT)


@click.command(name="doctor", short_help="Check everything that the shim needs.")
@click.option(
    "--bin-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=installation.DEFAULT_BIN_DIR,
    show_default=True,
    help="Where `shimctl install` put the program that containerd runs.",
)
@click.option(
    "--containerd-address",
    default=installation.DEFAULT_CONTAINERD_ADDRESS,
    show_default=True,
    metavar="SOCKET",
    help="containerd's socket.",
)
def command(*, bin_dir: Path, containerd_address: str) -> None:
    """Check everything that the shim needs, and say what to do about what is missing.

    \b
    Each line is one check:
      ok     as it should be
      warn   it works, with less than one might expect
      FAIL   containers cannot be run, or not be removed

    Nothing is changed. The exit status is 1 if anything fails.
    """
    found = [
        *systemd.findings(),
        *cgroups.findings(),
        *runtime.findings(),
        *containerd.findings(containerd_address),
        *shim.findings(bin_dir / places.BINARY, Path(places.RUN_FOLDER)),
    ]
    for finding in found:
        _say(finding)
    failures = sum(finding.verdict is Verdict.FAIL for finding in found)
    if failures:
        raise click.ClickException(f"{failures} of {len(found)} checks failed")


def _say(finding: Finding) -> None:
    verdict = click.style(
        f"{finding.verdict.value:<{_VERDICT_CHARS}}", fg=_COLOURS[finding.verdict]
    )
    click.echo(f"{verdict}  {finding.subject:<{_SUBJECT_CHARS}}  {finding.says}")
    if finding.advice:
        click.echo(f"{'':{_VERDICT_CHARS}}  {'':{_SUBJECT_CHARS}}  → {finding.advice}")
