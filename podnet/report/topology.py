"""Draws a VPC: its gateway, subnets, nodes with their blocks, tables, and the way of a packet."""

from __future__ import annotations

from collections.abc import Sequence

from podnet.report.drawing import LINE, SMALL, Box, Drawing, Line, Text, fit
from podnet.report.nodes import NodeState
from podnet.report.paper import samples
from podnet.report.routes import Tables
from podnet.verify.packet import host
from podnet.verify.proof import Proof, Verdict
from podnet.world.model import Eni, Subnet, World

WIDTH, EDGE, GAP = 960.0, 16.0, 16.0
MOST_COLUMNS = 3
CARD = (176.0, 92.0)
TILE = (44.0, 24.0)
LANE = 16.0
"""Between rows of nodes, where the way of a packet runs."""
GUTTER = 18.0
"""Beside them."""
MOST_CARDS = 12
"""Nodes of a subnet from which on each is a tile with its number."""


def draw(world: World, vpc_id: str, found: Sequence[NodeState], proof: Proof) -> Drawing:
    """The picture of one VPC."""
    return _Topology(world, vpc_id, found).draw(proof)


class _Topology:
    def __init__(self, world: World, vpc_id: str, found: Sequence[NodeState]) -> None:
        self.drawing = Drawing(WIDTH)
        self.vpc = world.vpc(vpc_id)
        self.subnets = [each for each in world.subnets if each.vpc_id == vpc_id]
        self.gateways = [each.id for each in world.gateways if each.vpc_id == vpc_id]
        self.tables = Tables(world, vpc_id, tuple(each.node for each in found))
        self.found = found
        own = {each.node.eni.id for each in found}
        self.hosts = [eni for eni in world.enis if eni.vpc_id == vpc_id and eni.id not in own]
        self.places: dict[str, Box] = {}
        """Where the nodes stand, by the id of their interface."""
        self.table_places: dict[tuple[str, str], Box] = {}
        """Where a table is drawn in a subnet."""
        self.lowest: dict[str, float] = {}
        """Where the nodes of a subnet end."""

    def draw(self, proof: Proof) -> Drawing:
        top = EDGE
        if self.gateways:
            label = _named("internet gateway", ", ".join(self.gateways))
            gateway = Box(WIDTH / 2 - 190, top, 380, 34, "place", label)
            self.drawing.box(gateway, (label, "strong"))
            self.drawing.lines.append(Line(f"M{WIDTH / 2} {gateway.bottom} v26", "link"))
            top = gateway.bottom + 26
        frame_at = len(self.drawing.boxes)
        ranges = ", ".join(map(str, self.vpc.cidrs))
        heading = f"{_named('VPC', self.vpc.id)}   {ranges}"
        bottom = top + 34
        for first in range(0, len(self.subnets), MOST_COLUMNS):
            bottom = self._row(self.subnets[first : first + MOST_COLUMNS], bottom) + GAP
        frame = Box(EDGE, top, WIDTH - 2 * EDGE, bottom - top, "vpc", heading)
        self.drawing.boxes.insert(frame_at, frame)
        self.drawing.texts.append(Text(EDGE + 14, top + 22, fit(heading, WIDTH - 80), "strong"))
        self.drawing.height = frame.bottom + EDGE
        self._ways(proof)
        return self.drawing

    def _row(self, subnets: Sequence[Subnet], top: float) -> float:
        """Subnets beside each other; the lower edge of the tallest."""
        inner = WIDTH - 2 * EDGE - 2 * 14
        columns = min(MOST_COLUMNS, len(self.subnets))
        width = (inner - GAP * (columns - 1)) / columns
        frames = [
            self._subnet(subnet, EDGE + 14 + number * (width + GAP), top, width)
            for number, subnet in enumerate(subnets)
        ]
        lowest = max(frame.bottom for frame in frames)
        for frame in frames:
            at = self.drawing.boxes.index(frame)
            self.drawing.boxes[at] = Box(
                frame.x, frame.y, frame.width, lowest - frame.y, frame.style, frame.title
            )
        return lowest

    def _subnet(self, subnet: Subnet, x: float, top: float, width: float) -> Box:
        at = len(self.drawing.boxes)
        title = _named("subnet", subnet.id)
        y = top + 30
        for words, style in ((title, "strong"), (f"{subnet.cidr} in {subnet.zone}", "")):
            self.drawing.texts.append(Text(x + 12, y - 8, fit(words, width - 24), style))
            y += LINE
        here = [each for each in self.found if each.node.eni.subnet_id == subnet.id]
        y = self._nodes(here, x + 12 + GUTTER, y, width - 24 - 2 * GUTTER)
        self.lowest[subnet.id] = y
        others = sum(eni.subnet_id == subnet.id for eni in self.hosts)
        if others:
            words = f"{others:,} other host{'s' if others > 1 else ''} of the VPC"
            self.drawing.texts.append(Text(x + 12, y + 12, words, "muted"))
            y += LINE + 4
        y = self._table(subnet, x + 12, y + 34, width - 24)
        frame = Box(x, top, width, y + 12 - top, "subnet", f"{title}, {subnet.cidr}")
        self.drawing.boxes.insert(at, frame)
        return frame

    def _nodes(self, here: Sequence[NodeState], x: float, y: float, width: float) -> float:
        """Nodes in rows; the lower edge of the last."""
        if not here:
            self.drawing.texts.append(Text(x, y + 12, "no node", "muted"))
            return y + LINE
        is_tile = len(here) > MOST_CARDS
        size = TILE if is_tile else CARD
        space, below = (6.0, 10.0) if is_tile else (LANE, LANE)
        a_row = max(1, int((width + space) / (size[0] + space)))
        card = size[0] if is_tile else min(size[0], width)
        for number, each in enumerate(here):
            line, column = divmod(number, a_row)
            place = Box(
                x + column * (card + space),
                y + line * (size[1] + below),
                card,
                size[1],
                each.style,
                _title(each),
            )
            self.places[each.node.eni.id] = place
            if is_tile:
                digits = "".join(filter(str.isdigit, each.node.name))[-4:] or each.node.name
                self.drawing.boxes.append(place)
                words = fit(f"{'✗' if each.is_worst else ''}{digits}", place.width - 8, SMALL)
                self.drawing.texts.append(Text(place.x + 5, place.y + 16, words, "small"))
            else:
                self._card(place, each)
        rows = -(-len(here) // a_row)
        return y + rows * (size[1] + below)

    def _card(self, place: Box, each: NodeState) -> None:
        node = each.node
        self.drawing.box(
            place,
            (node.name, "strong"),
            (str(node.eni.address), "mono"),
            (each.verdict, "good" if each.is_well else "bad"),
        )
        pods = Box(place.x + 6, place.bottom - 27, place.width - 12, 22, "pods", _title(each))
        self.drawing.boxes.append(pods)
        words = fit(f"pods {node.block}", pods.width - 12)
        self.drawing.texts.append(Text(pods.x + 6, pods.y + 15, words, "mono"))

    def _table(self, subnet: Subnet, x: float, y: float, width: float) -> float:
        table = self.tables.of(subnet.id)
        if table is None:
            return y - 34
        heading = f"{_named('route table', table.id)}{' (main)' if table.main else ''}"
        entries = [*self.tables.entries(table)]
        place = Box(x, y, width, LINE * (len(entries) + 1) + 12, "table", heading)
        self.table_places[subnet.id, table.id] = place
        self.drawing.box(
            place,
            (heading, "strong"),
            *((entry.text, f"mono {entry.style}") for entry in entries),
        )
        return place.bottom

    def _ways(self, proof: Proof) -> None:
        """A line for how pods reach another node; one of another subnet where any is reached."""
        if found := samples(proof):
            one, other = found[-1].pair
            if one.eni and other.eni:
                self._way(found[-1], one.eni, other.eni)

    def _way(self, verdict: Verdict, one: Eni, other: Eni) -> None:
        """Between cards, in the space below their row and beside their columns."""
        source, target = self.places.get(one.id), self.places.get(other.id)
        if source is None or target is None:
            return
        hops = verdict.path.hops
        tables = (self.table_places.get((one.subnet_id, hop.place)) for hop in hops)
        table = next(filter(None, tables), None)
        shape = (
            self._through(table, (source, one), (target, other))
            if table
            else _beside(source, target)
        )
        if any("wraps it" in hop.action for hop in hops):
            self.drawing.lines.append(Line(shape, "tunnel"))
        self.drawing.lines.append(Line(shape, "way"))

    def _through(self, table: Box, source: tuple[Box, Eni], target: tuple[Box, Eni]) -> str:
        """Down to a route table, and from there up to the target."""
        down = self._down(source, table.y, right=True)
        start, _, _ = down.rpartition("|")
        is_near = source[1].subnet_id == target[1].subnet_id
        up = self._down(target, table.y + (0 if is_near else LINE), right=False).split("|")
        if not is_near:
            # From the side of the table, under the frames of the subnets.
            is_right = target[0].x > table.x + table.width
            edge = table.x + table.width if is_right else table.x
            up.append(f"{edge:.0f} {table.y + LINE:.0f}")
        last = down.rpartition("|")[2]
        path = [*start.split("|"), last]
        return f"M{' L'.join(path)} M{' L'.join(reversed(up))}"

    def _down(self, place: tuple[Box, Eni], low: float, *, right: bool) -> str:
        """Points from the lower edge of a node to a height below all nodes of its subnet."""
        box, eni = place
        first = f"{box.middle:.0f} {box.bottom + 2:.0f}"
        if box.bottom + LANE >= self.lowest[eni.subnet_id]:
            return f"{first}|{box.middle:.0f} {low:.0f}"
        lane = box.bottom + 6
        table = next(each for (id_, _), each in self.table_places.items() if id_ == eni.subnet_id)
        side = table.x + table.width - GUTTER / 2 if right else table.x + GUTTER / 2
        return f"{first}|{box.middle:.0f} {lane:.0f}|{side:.0f} {lane:.0f}|{side:.0f} {low:.0f}"


def _beside(source: Box, target: Box) -> str:
    """From one node to another of the same subnet."""
    lane = source.bottom + LANE / 2
    start = f"M{source.middle:.0f} {source.bottom:.0f} V{lane:.0f}"
    if source.y == target.y:
        return f"{start} H{target.middle:.0f} V{target.bottom + 2:.0f}"
    # Below each other, with nobody between them.
    return f"M{source.middle:.0f} {source.bottom:.0f} L{target.middle:.0f} {target.y - 2:.0f}"


def _named(kind: str, id_: str) -> str:
    """An id with what it is the id of, unless it says so itself."""
    return id_ if kind in id_ else f"{kind} {id_}"


def _title(each: NodeState) -> str:
    node = each.node
    return (
        f"{node.name}: {node.eni.address}, pods {host(node.block)}, "
        f"{each.state}, {each.verdict.lstrip('✓✗ ')}"
    )
