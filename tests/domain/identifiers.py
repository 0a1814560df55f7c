"""Draws of containerd's identifiers, with those preferred that could be taken for one another."""

from hypothesis import strategies as st

from domain.identity import (
    LENGTH_MAX,
    ContainerId,
    ContainerKey,
    ExecId,
    Namespace,
    ProcessKey,
)

# Few letters, so that ids repeat; and the words that unit names themselves use.
WORDS = st.sampled_from(["a", "b", "0", "7z", "init", "exec", "service", "A"])
SEPARATORS = st.sampled_from(["-", "-", ".", "_"])


@st.composite
def short_identifiers(draw: st.DrawFn) -> str:
    words = draw(st.lists(WORDS, min_size=1, max_size=4))
    return words[0] + "".join(draw(SEPARATORS) + word for word in words[1:])


@st.composite
def long_identifiers(draw: st.DrawFn) -> str:
    """As long as they may be, or nearly so; they differ in their last characters only."""
    words = draw(st.sampled_from(["a-", "ab.", "abc_"])) * LENGTH_MAX
    tail = draw(short_identifiers())
    length = draw(st.integers(LENGTH_MAX - 3, LENGTH_MAX))
    return words[: length - len(tail) - 1].rstrip("-._") + "x" + tail


identifiers = short_identifiers() | long_identifiers()


@st.composite
def processes(draw: st.DrawFn) -> ProcessKey:
    owner = ContainerKey(Namespace(draw(identifiers)), ContainerId(draw(identifiers)))
    exec_id = draw(st.none() | identifiers)
    return ProcessKey(owner, None if exec_id is None else ExecId(exec_id))
