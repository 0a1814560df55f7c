"""Batches played on other machines: by the workers of a dask cluster.

The workers need Python, `distributed` and `returns`; the simulator itself is sent to them, so
that all play the very code that is here. A worker that dies loses nothing: dask gives what it
had to another one.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

# What a worker plays with.
PACKAGES: Final = ("domain", "sim")
# Workers may still be about to come.
FIRST_WORKER_S: Final = 60
# A batch whose worker died so often is looked at by a person.
RETRIES: Final = 10
# Any fixed day will do: the same code is the same archive.
A_DAY: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Cluster:
    """`cores`: of all workers at the beginning."""

    executor: Executor
    cores: int


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """Whatever workers the scheduler at that address has, and those that come later."""
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            "--cluster needs dask: pip install 'containerd-shim-systemd[cluster]'"
        ) from missing
    with distributed.Client(address, set_as_default=False) as client:
        yield _joined(client)


def _joined(client: Any) -> Cluster:
    client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    with TemporaryDirectory() as folder:
        client.upload_file(str(_archive(Path(folder))))
    executor = client.get_executor(pure=False, retries=RETRIES)
    return Cluster(executor, sum(client.ncores().values()))


def _archive(folder: Path) -> Path:
    """The packages as one file, with a name of its own for each state of the code."""
    root = Path(__file__).parents[3]
    files = {
        str(file.relative_to(root)): file.read_bytes()
        for package in PACKAGES
        for file in sorted((root / package).rglob("*.py"))
    }
    digest = hashlib.blake2b(repr(files).encode(), digest_size=8).hexdigest()
    archive = folder / f"shimctl_sim_{digest}.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, A_DAY), content)
    return archive
