"""From a scene to the text of an SVG file; the same scene, the same text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import count, pairwise

from docs.pictures.scene import Crossing, Layer, Picture, Station, Way

INK, MUTED, PATH, TUNNEL = "#1f2933", "#9aa5b1", "#c2410c", "#fed7aa"
PLACE = f'rx="10" fill="#f7f9fb" stroke="{MUTED}"'
SUBNET = f'rx="8" fill="none" stroke="{MUTED}" stroke-dasharray="5 4"'
CROSSING = 'rx="8" fill="#ffffff" stroke="#3e4c59"'
NODE = 'rx="8" fill="#eef4fb" stroke="#3e6b99"'
LAYER = 'rx="5" fill="#ffffff" stroke="#3e6b99"'
BOLD, MARKED = 'font-weight="bold"', f'fill="{PATH}"'
MONO = 'font-family="Menlo, Consolas, monospace" font-size="12"'
MARGIN, PAD, GAP = 20, 16, 34
LINE, HOP = 19, 22
WIDE, NARROW = 400, 320
BETWEEN = 30
CROSSING_TOP, CROSSING_WIDTH = 60, 350
POD, BRIDGE = 52, 34
HEADER = 56
LABEL = 28


def draw(picture: Picture) -> str:
    """The whole file."""
    return _Drawing(picture).text()


class _Drawing:
    """A picture with the place of everything on it."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.lefts, right = [], MARGIN + PAD
        for station in picture.stations:
            self.lefts.append(right)
            right += _width(station) + BETWEEN
        self.width = right - BETWEEN + PAD + MARGIN
        self.crossing_height = max(_crossing_height(item) for item in picture.crossings)
        self.top = CROSSING_TOP + self.crossing_height + 40
        self.bottom = self.top + HEADER + max(map(_stack, picture.stations)) + POD + PAD
        self.end = self.bottom + PAD + (LABEL if picture.subnets else 0)
        self.height = self.end + MARGIN + sum(8 + HOP * (1 + len(way.hops)) for way in picture.ways)

    def text(self) -> str:
        lines = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"'
                f' font-family="Helvetica, Arial, sans-serif" font-size="13" fill="{INK}">'
            ),
            f"  <title>{escape(self.picture.title)}</title>",
            (
                '  <defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
                f' markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{PATH}"/>'
                "</marker></defs>"
            ),
            f'  <rect width="{self.width}" height="{self.height}" fill="#ffffff"/>',
            *(f"  {line}" for line in self._everything()),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _everything(self) -> Iterator[str]:
        size = self.width - 2 * MARGIN, self.end - MARGIN
        yield _box(MARGIN, MARGIN, size, PLACE)
        yield _text(MARGIN + PAD, 44, self.picture.place, BOLD)
        for label, first, last in self.picture.subnets:
            left = self.lefts[first] - 8
            right = self.lefts[last] + _width(self.picture.stations[last]) + 8
            size = right - left, self.bottom + LABEL + 8 - self.top
            yield _box(left, self.top - 8, size, SUBNET)
            yield _text(left + 12, self.bottom + 19, label)
        for index, crossing in enumerate(self.picture.crossings):
            yield from self._crossing(index, crossing)
        for left, station in zip(self.lefts, self.picture.stations, strict=True):
            yield from self._station(left, station)
        yield from self._ways()

    def _crossing(self, index: int, crossing: Crossing) -> Iterator[str]:
        left, width = self._span(index)
        yield _box(left, CROSSING_TOP, (width, self.crossing_height), CROSSING)
        yield _text(left + PAD, CROSSING_TOP + 24, crossing.title, BOLD)
        column = left + PAD + 8 * max(len(one) for one, _ in crossing.rows) + 10
        for row, (one, two) in enumerate(crossing.rows):
            styles = (MONO, MARKED) if row in crossing.marked else (MONO,)
            y = CROSSING_TOP + 48 + LINE * row
            yield _text(left + PAD, y, one, *styles)
            yield _text(column, y, two, *styles)

    def _station(self, left: int, station: Station) -> Iterator[str]:
        yield _box(left, self.top, (_width(station), self.bottom - self.top), NODE)
        yield _text(left + PAD, self.top + 24, station.name, BOLD)
        yield _text(_middle(left, station, 0) + PAD, self.top + 24, station.link)
        for layer, top in zip(station.layers, self._tops(station), strict=True):
            x, width = _place(left, station, layer)
            yield _box(x, top, (width, _height(layer)), LAYER)
            yield (
                f'<text x="{x + 12}" y="{top + 22}"><tspan font-weight="bold">'
                f"{escape(layer.name)}</tspan> {escape(layer.says)}</text>"
            )
            for line, entry in enumerate(layer.entries, 1):
                yield _text(x + 12, top + 22 + LINE * line, entry, MONO)
        yield from self._pods(left, station)

    def _pods(self, left: int, station: Station) -> Iterator[str]:
        used = {end for way in self.picture.ways for end in (way.sender, way.receiver)}
        number = self.picture.stations.index(station)
        for pod, address in enumerate(station.pods):
            width, top = _pod_width(station), self.bottom - PAD - POD
            middle = _middle(left, station, pod)
            if (number, pod) not in used:
                yield f'<path d="M{middle} {top} V{top - GAP}" stroke="{MUTED}"/>'
            yield _box(middle - width // 2, top, (width, POD), LAYER)
            yield _text(middle - width // 2 + 12, top + 22, "pod", BOLD)
            yield _text(middle - width // 2 + 12, top + 40, address)

    def _ways(self) -> Iterator[str]:
        numbers, y = count(1), self.end
        for way in self.picture.ways:
            y += 8 + HOP
            yield _text(MARGIN + 2, y, way.heading, BOLD, MARKED)
            parts = [*self._up(way), *self._down(way)]
            for (shape, at, wrapped), hop in zip(parts, way.hops, strict=True):
                number = next(numbers)
                if wrapped:
                    yield (f'<path d="{shape}" fill="none" stroke="{TUNNEL}" stroke-width="12"/>')
                yield (
                    f'<path d="{shape}" fill="none" stroke="{PATH}" stroke-width="2"'
                    ' marker-end="url(#tip)"/>'
                )
                yield from _number(*at, number)
                y += HOP
                yield from _number(MARGIN + 11, y - 4, number)
                yield _text(MARGIN + 30, y, hop)

    def _up(self, way: Way) -> Iterator[tuple[str, tuple[int, int], bool]]:
        """Each stretch from the pod to the crossing: its shape, where its number stands."""
        x, stops = self._stops(way.sender)
        for (lower, _), (_, upper) in pairwise(reversed(stops)):
            yield f"M{x} {lower} V{upper + 2}", (x - 18, (lower + upper) // 2), False
        start = stops[0][0]
        left, width = self._span(way.crossing)
        under = self._under()
        if left + PAD < x < left + width - PAD:
            shape = f"M{x} {start} V{under + 2}"
        else:
            y = CROSSING_TOP + self.crossing_height // 2
            bend = f"C{x} {y + 40} {x + 40} {y} {left - 2} {y}"
            shape = f"M{x} {start} V{self.top - 8} {bend}"
        yield shape, (x - 18, self._entry()), way.wrapped

    def _down(self, way: Way) -> Iterator[tuple[str, tuple[int, int], bool]]:
        x, stops = self._stops(way.receiver)
        under, end = self._under(), stops[0][0]
        yield f"M{x} {under} V{end - 2}", (x - 18, self._entry()), way.wrapped
        for (_, upper), (lower, _) in pairwise(stops):
            yield f"M{x} {upper} V{lower - 2}", (x - 18, (lower + upper) // 2), False

    def _stops(self, end: tuple[int, int]) -> tuple[int, list[tuple[int, int]]]:
        """Where a way runs on a station, and top and bottom of what it passes, pod last."""
        station, left = self.picture.stations[end[0]], self.lefts[end[0]]
        x = _middle(left, station, end[1])
        stops = [
            (top, top + _height(layer))
            for layer, top in zip(station.layers, self._tops(station), strict=True)
            if layer.above in {None, end[1]}
        ]
        return x, [*stops, (self.bottom - PAD - POD, self.bottom - PAD)]

    def _tops(self, station: Station) -> list[int]:
        top, tops = self.bottom - PAD - POD, []
        for layer in reversed(station.layers):
            top -= GAP + _height(layer)
            tops.append(top)
        return tops[::-1]

    def _under(self) -> int:
        return CROSSING_TOP + self.crossing_height

    def _entry(self) -> int:
        """Between the crossings and the nodes."""
        return self.top - 20

    def _span(self, index: int) -> tuple[int, int]:
        """Left edge and width of a crossing."""
        if len(self.picture.crossings) == 1:
            return (self.width - CROSSING_WIDTH) // 2, CROSSING_WIDTH
        each = (self.width - 2 * (MARGIN + PAD) - BETWEEN) // len(self.picture.crossings)
        return MARGIN + PAD + index * (each + BETWEEN), each


def _width(station: Station) -> int:
    return NARROW if station.narrow else WIDE


def _pod_width(station: Station) -> int:
    return (_width(station) - 2 * PAD - BETWEEN) // 2


def _middle(left: int, station: Station, pod: int) -> int:
    return left + PAD + _pod_width(station) // 2 + pod * (_pod_width(station) + BETWEEN)


def _place(left: int, station: Station, layer: Layer) -> tuple[int, int]:
    """Left edge and width of a layer."""
    if layer.above is None:
        return left + PAD, _width(station) - 2 * PAD
    width = _pod_width(station)
    return _middle(left, station, layer.above) - width // 2, width


def _height(layer: Layer) -> int:
    return BRIDGE + LINE * len(layer.entries)


def _crossing_height(crossing: Crossing) -> int:
    return 44 + LINE * len(crossing.rows)


def _stack(station: Station) -> int:
    """Height of the layers with the gaps below them."""
    return sum(_height(layer) + GAP for layer in station.layers)


def _box(x: int, y: int, size: tuple[int, int], style: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{size[0]}" height="{size[1]}" {style}/>'


def _text(x: int, y: int, words: str, *styles: str) -> str:
    style = "".join(f" {one}" for one in styles)
    return f'<text x="{x}" y="{y}"{style}>{escape(words)}</text>'


def _number(x: int, y: int, number: int) -> Iterator[str]:
    yield f'<circle cx="{x}" cy="{y}" r="9" fill="{PATH}"/>'
    yield (
        f'<text x="{x}" y="{y + 4}" text-anchor="middle" font-size="11" fill="#ffffff">'
        f"{number}</text>"
    )
