"""What a picture is made of: boxes, texts and lines with the class by which they are styled."""

from __future__ import annotations

from dataclasses import dataclass, field

CHARACTER = 7.4
"""Width of a character in the text of a picture, on average, in its units."""
SMALL = 6.7
"""The same for small text."""
LINE, PAD = 18.0, 10.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `title` is what a pointer shows."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str = ""

    @property
    def middle(self) -> float:
        """Of its width."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text."""

    x: float
    y: float
    words: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The `d` of a path."""

    shape: str
    style: str


@dataclass(slots=True)
class Drawing:
    """A picture while it is drawn; what comes later lies above."""

    width: float
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def box(self, box: Box, *lines: tuple[str, str]) -> None:
        """A box with lines of text from its top, each cut to the width; `lines` have a style."""
        self.boxes.append(box)
        for number, (words, style) in enumerate(lines, 1):
            fitting = fit(words, box.width - 2 * PAD)
            self.texts.append(Text(box.x + PAD, box.y + LINE * number + 2, fitting, style))


def fit(words: str, width: float, character: float = CHARACTER) -> str:
    """Text cut to a width, with an ellipsis where some is missing."""
    most = max(1, int(width / character))
    return words if len(words) <= most else words[: most - 1] + "…"
