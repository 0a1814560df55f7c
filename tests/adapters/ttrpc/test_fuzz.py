"""Whatever a client sends, in whatever pieces, it gets whole response frames on streams it named,
at most one for each frame it sent, and a client beside it is served as if alone.
"""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ttrpc import Method
from adapters.ttrpc.codec import Decoder
from adapters.ttrpc.envelope import decode_response
from adapters.ttrpc.frame import Frame, Kind, StreamId
from adapters.ttrpc.server_protocol import Opened, Reply, ServerProtocol

from .raw import echo, frame_header, raw_client, raw_frame, refuse, request, serving

STREAMS = st.one_of(st.integers(0, 9), st.integers(0, 2**32 - 1))
GOOD = st.builds(
    request,
    STREAMS,
    st.sampled_from(["Echo", "Refuse", "NoSuch"]),
    st.binary(max_size=50),
    service=st.sampled_from(["test.Service", "no.Such"]),
    timeout_nanoseconds=st.sampled_from([0, 0, 1, -1, 2**63 - 1]),
    metadata=st.just((("k", "v"),)),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good request with one byte changed, somewhere in its data or header."""
    whole = bytearray(draw(GOOD))
    whole[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(0, 255))
    return bytes(whole)


CHUNKS = st.one_of(
    GOOD,
    damaged(),
    st.builds(raw_frame, STREAMS, st.integers(0, 5), st.binary(max_size=50), st.integers(0, 255)),
    st.builds(frame_header, st.integers(0, 2**32 - 1), STREAMS, st.integers(0, 255)),
    st.binary(max_size=60),
)
CONVERSATIONS = st.lists(CHUNKS, max_size=12)


def frames_in(sent: bytes) -> list[StreamId]:
    """Streams of the frames that were sent whole, or whose header announced too much."""
    decoded = Decoder().feed(sent)
    return [each.stream if isinstance(each, Frame) else each.header.stream for each in decoded]


def assert_answers_belong_to(sent: bytes, received: bytes) -> None:
    decoder = Decoder()
    unanswered = frames_in(sent)
    for answer in decoder.feed(received):
        assert isinstance(answer, Frame)
        assert (answer.kind, answer.flags) == (Kind.RESPONSE, 0)
        decode_response(answer.data)
        unanswered.remove(answer.stream)  # raises where the answer belongs to no frame
    assert decoder.end() is None


@given(CONVERSATIONS, st.integers(1, 100))
def test_the_protocol_answers_each_frame_at_most_once_and_never_raises(
    conversation: list[bytes], size: int
) -> None:
    sent = b"".join(conversation)
    protocol = ServerProtocol()
    received = bytearray()
    for at in range(0, len(sent), size):
        for step in protocol.receive(sent[at : at + size]):
            match step:
                case Reply(data):
                    received += data
                case Opened(stream, opened):
                    received += protocol.answer(stream, opened.payload)
    protocol.end()
    assert_answers_belong_to(sent, bytes(received))


async def converse(conversation: list[bytes], folder: Path) -> bytes:
    """Send it all on one connection, piece by piece; use another one before, between and after."""
    methods: dict[str, Method] = {"Echo": echo, "Refuse": refuse}
    async with (
        serving(folder, {"test.Service": methods}) as (_, path),
        raw_client(path) as good,
        raw_client(path) as bad,
    ):
        stream = 1
        for chunk in [b"", *conversation]:
            await bad.send(chunk)
            await good.send(request(stream, payload=chunk))
            assert await good.result(stream) == chunk
            stream += 2
        bad.half_close()
        return await bad.rest()


@settings(deadline=None, max_examples=50)  # each example boots a server; time is not the property
@given(CONVERSATIONS)
def test_no_conversation_harms_the_connection_beside_it(conversation: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        received = asyncio.run(converse(conversation, Path(folder)))
    assert_answers_belong_to(b"".join(conversation), received)
