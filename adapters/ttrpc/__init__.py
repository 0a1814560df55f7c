"""ttrpc, the small RPC protocol between containerd and its shims: codec, server and client."""

from .call import Call, Caller, ConnectionId, Method, Services
from .client import Client, ConnectionLost, connect
from .connection import Limits
from .envelope import Metadata, Result
from .frame import StreamId
from .listener import listen
from .peer import Peer, PeerPolicy, peer_is_ourselves
from .server import Server
from .status import Code, Status, undecodable_payload

__all__ = [
    "Call",
    "Caller",
    "Client",
    "Code",
    "ConnectionId",
    "ConnectionLost",
    "Limits",
    "Metadata",
    "Method",
    "Peer",
    "PeerPolicy",
    "Result",
    "Server",
    "Services",
    "Status",
    "StreamId",
    "connect",
    "listen",
    "peer_is_ourselves",
    "undecodable_payload",
]
