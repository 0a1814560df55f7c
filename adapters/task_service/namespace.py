"""Whose container a call is about.

containerd 1.6.20 and 1.7.24 as Debian builds them send no namespace with their calls (D56), so
each namespace has a socket of its own, which `start -namespace NS` answers. Metadata, where
there is some, must agree with the socket.
"""

from typing import Final

from returns.result import Failure, Result, Success

from adapters.ttrpc import Call
from domain.refusal import InvalidArgument, NamespaceRequired

METADATA_KEY: Final = "containerd-namespace-ttrpc"


def namespace_of(call: Call) -> Result[str, NamespaceRequired | InvalidArgument]:
    """The namespace of the socket; the metadata's where the socket has none."""
    said = next((value for key, value in call.metadata if key == METADATA_KEY), "")
    listening = call.caller.listener
    if said and listening and said != listening:
        return Failure(
            InvalidArgument(f"namespace {said!r} was asked on the socket of {listening!r}")
        )
    return Success(said or listening) if said or listening else Failure(NamespaceRequired())
