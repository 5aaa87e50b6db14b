"""A page as a tree of elements, by the parser of the standard library."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}


@dataclass
class Element:
    tag: str
    attrs: dict
    children: list = field(default_factory=list)

    def __iter__(self):
        """Itself and all that is in it, in their order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    def all(self, *tags):
        return [each for each in self if each.tag in tags]

    def one(self, tag, **attrs):
        (found,) = (
            each for each in self.all(tag) if all(each.attrs.get(k) == v for k, v in attrs.items())
        )
        return found

    @property
    def text(self):
        words = (
            child.text if isinstance(child, Element) else child
            for child in self.children
            if not (isinstance(child, Element) and child.tag == "style")
        )
        return " ".join(" ".join(words).split())


class Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(html):
    parser = Parser()
    parser.feed(html)
    parser.close()
    (root,) = parser.open
    root.source = html
    return root
