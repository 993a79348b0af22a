"""The filter of system calls for confined commands: no socket of other programs, no way around it.

A read-only file system does not keep anybody from connecting to a Unix socket in it, behind which
a daemon (docker, an agent with keys) would do the rest. See seccomp(2) and linux/filter.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_AF_UNIX = 1


@dataclass(frozen=True, slots=True)
class _Machine:
    architecture: int
    socket: int
    io_uring_setup: int
    foreign_from: int
    """Numbers from here on belong to another way of calling; past all where there is none."""


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, 425, 0x40000000),
    "aarch64": _Machine(0xC00000B7, 198, 425, 0xFFFFFFFF),
}


def socket_filter() -> bytes | None:
    """Return the filter as the kernel takes it, or None on a machine that is not known."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return None
    refuse = _ERRNO | errno.EACCES
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.architecture),
        (_RETURN, 0, 0, refuse),  # calls of another architecture have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 5, 0, machine.foreign_from),
        (_EQUAL, 4, 0, machine.io_uring_setup),  # it makes sockets without that call
        (_EQUAL, 0, 2, machine.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refuse),
    ]
    return b"".join(struct.pack("=HBBI", *one) for one in program)
