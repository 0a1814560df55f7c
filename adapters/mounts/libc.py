"""The C library, for the few calls that Python does not carry; each says what it takes.

An argument without `argtypes` would be cut to 32 bits without a word, so none is left out.
"""

import ctypes
import os
from typing import Final, NoReturn

LIBC: Final = ctypes.CDLL(None, use_errno=True)

LIBC.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
LIBC.inotify_init1.argtypes = (ctypes.c_int,)
LIBC.inotify_rm_watch.argtypes = (ctypes.c_int, ctypes.c_int)
LIBC.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
LIBC.ptsname_r.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
LIBC.syscall.restype = ctypes.c_long
LIBC.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
LIBC.unshare.argtypes = (ctypes.c_int,)


def oserror(call: str, about: str | None = None) -> NoReturn:
    """Raises what errno says of the call that has just failed in this thread."""
    number = ctypes.get_errno()
    raise OSError(number, f"{call}: {os.strerror(number)}", about)
