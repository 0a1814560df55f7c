"""Overlays whose options do not fit into the one page that mount(2) takes.

Layers of containerd have paths of 70 bytes and more, so 50 of them fill a page. From Linux 6.7
each layer can be handed over alone (`lowerdir+`, Documentation/filesystems/overlayfs.rst). Before
that, paths relative to their common folder are the way: 500 layers, the most that overlayfs
takes, then need some 4000 bytes. containerd shortens in the same manner.
"""

import errno
import os
import re
from dataclasses import dataclass
from typing import Final

from adapters.mounts.options import (
    MS_NOATIME,
    MS_NODEV,
    MS_NODIRATIME,
    MS_NOEXEC,
    MS_NOSUID,
    MS_NOSYMFOLLOW,
    MS_RDONLY,
    MS_STRICTATIME,
)
from adapters.mounts.syscalls import (
    attach,
    fsconfig,
    fsconfig_create,
    fsmount,
    fsopen,
    mount,
    unshare_working_directory,
)

# The kernel copies one page at most and wants its last byte to be NUL (fs/namespace.c).
PAGE: Final = 4096
LAYER: Final = "lowerdir+"
DATA_ONLY_LAYER: Final = "datadir+"
_COLON: Final = re.compile(r"(?<!\\):")
_ESCAPED: Final = re.compile(r"\\(.)")
_FOLDER_OPTIONS: Final = ("lowerdir", "upperdir", "workdir")

# mount(2)'s flags of one mount, as fsmount(2) spells them (linux/mount.h, MOUNT_ATTR_*).
_ATTRIBUTES: Final = {
    MS_RDONLY: 0x01,
    MS_NOSUID: 0x02,
    MS_NODEV: 0x04,
    MS_NOEXEC: 0x08,
    MS_NOATIME: 0x10,
    MS_STRICTATIME: 0x20,
    MS_NODIRATIME: 0x80,
    MS_NOSYMFOLLOW: 0x200000,
}


@dataclass(frozen=True, slots=True)
class Layers:
    """What `lowerdir=` says: ordinary layers, top one first, and data-only ones below (`::`)."""

    ordinary: tuple[str, ...]
    data_only: tuple[str, ...]


def fits(data: tuple[str, ...]) -> bool:
    return len(os.fsencode(",".join(data))) < PAGE


def mount_layer_by_layer(source: str, target: int, flags: int, data: tuple[str, ...]) -> None:
    """Mounts an overlay with any number of layers onto the folder that `target` is open on.

    Raises OSError: with EINVAL, among others, where the kernel is older than 6.7 or one path is
    longer than 255 bytes.
    """
    context = fsopen("overlay")
    try:
        fsconfig(context, "source", source or "overlay")
        for key, value in _settings(data):
            fsconfig(context, key, value)
        if flags & MS_RDONLY:
            fsconfig(context, "ro", None)
        fsconfig_create(context)
        tree = fsmount(context, attributes(flags))
    finally:
        os.close(context)
    try:
        attach(tree, target)
    finally:
        os.close(tree)


def _settings(data: tuple[str, ...]) -> list[tuple[str, str | None]]:
    settings: list[tuple[str, str | None]] = []
    for option in data:
        key, equals, value = option.partition("=")
        if key == "lowerdir":
            layers = split_layers(value)
            settings += [(LAYER, layer) for layer in layers.ordinary]
            settings += [(DATA_ONLY_LAYER, layer) for layer in layers.data_only]
        else:
            settings.append((key, value if equals else None))
    return settings


def split_layers(lowerdir: str) -> Layers:
    """The layers' paths as they are on disk: without the backslashes that guard `:` and `,`."""
    ordinary, *data_only = re.split(r"(?<!\\)::", lowerdir)
    return Layers(
        tuple(_ESCAPED.sub(r"\1", layer) for layer in _COLON.split(ordinary)),
        tuple(_ESCAPED.sub(r"\1", layer) for layer in data_only),
    )


def attributes(flags: int) -> int:
    return sum(attribute for flag, attribute in _ATTRIBUTES.items() if flags & flag)


def mount_from_common_folder(source: str, target: str, flags: int, data: tuple[str, ...]) -> None:
    """Mounts an overlay by paths relative to the folder that all layers lie in.

    Changes the working folder of the calling thread for good: the thread must be one that ends
    after this. Raises OSError (E2BIG if it still does not fit).
    """
    folder, shortened = shorten(data)
    if not fits(shortened):
        # Handed to the kernel it would be cut at the page's end and name a wrong layer.
        raise OSError(errno.E2BIG, "the overlay's options are longer than a page", source)
    unshare_working_directory()
    os.chdir(folder)
    mount(source or "overlay", target, "overlay", flags, ",".join(shortened))


def shorten(data: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The folder that all of an overlay's folders lie in, and the options relative to it."""
    paths = [
        path
        for option in data
        if option.partition("=")[0] in _FOLDER_OPTIONS
        for path in _COLON.split(option.partition("=")[2])
        if path
    ]
    if not paths or not all(path.startswith("/") for path in paths):
        return "/", data
    common = os.path.commonpath(paths)
    return _ESCAPED.sub(r"\1", common), tuple(_relative(option, common) for option in data)


def _relative(option: str, common: str) -> str:
    key, equals, value = option.partition("=")
    if key not in _FOLDER_OPTIONS:
        return option
    below = len(common.rstrip("/")) + 1
    return (
        key
        + equals
        + ":".join((path[below:] or ".") if path else path for path in _COLON.split(value))
    )
