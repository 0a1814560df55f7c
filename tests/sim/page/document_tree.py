"""A page read strictly: every element is closed, in order."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

# Elements that have no end.
VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str]
    parts: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def all(self, tag: str) -> list["Element"]:
        """Below this one, in the page's order."""
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                found += [part] if part.tag == tag else []
                found += part.all(tag)
        return found

    def of_class(self, name: str) -> list["Element"]:
        return [
            each
            for tag in ("li", "span", "b", "em", "ul", "i", "p")
            for each in self.all(tag)
            if name in each.attributes.get("class", "").split()
        ]


def steps_of(document: Element) -> list[Element]:
    """The story's lines, without the gaps between them."""
    return [each for each in document.all("li") if each.attributes.get("role") == "option"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.doctypes: list[str] = []
        self.open = [Element("", {})]

    def handle_decl(self, decl: str) -> None:
        self.doctypes.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"{tag} has an attribute twice"
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read(page: str) -> Element:
    """The html element; fails where the page is not well-formed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1, f"{reader.open[-1].tag} is not closed"
    assert reader.doctypes == ["DOCTYPE html"]
    (root,) = (part for part in reader.open[0].parts if isinstance(part, Element))
    assert root.tag == "html"
    return root
