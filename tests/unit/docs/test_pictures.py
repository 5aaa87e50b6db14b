"""The committed pictures are what the code draws, and show what nodes really do."""

from ipaddress import IPv4Address
from pathlib import Path
from xml.etree import ElementTree as ET

import links
import machine
import peers
import pytest
import uplink

from docs.pictures import draw, parts, pictures
from docs.pictures.scene import Picture
from podnet.plan.node_network import BRIDGE, VPC_MTU
from podnet.plan.routing import Routing
from podnet.plan.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
WIDEST_LETTER = 7.5
"""Pixels, on average, in the widest font that stands in for those asked for."""
NAMES = ("vpc-routes", "host-gw", "overlay", "overlay-gre", "hybrid", "l2", "l2-ethernet")


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_picture_is_what_the_code_draws(name):
    committed = (DOCS / f"{name}.svg").read_text()

    assert committed == draw(pictures()[name]), "run: python -m docs.pictures"


def test_there_is_a_picture_for_every_variant():
    assert {Routing.parse(name).tag().split()[0] for name in pictures()} == set(NAMES)
    assert {file.stem for file in DOCS.glob("*.svg")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_the_modes_shows_every_picture(name):
    assert f"]({name}.svg)" in (DOCS / "modes.md").read_text()


@pytest.mark.parametrize("name", ["host-gw", "overlay", "overlay-gre", "hybrid"])
def test_routes_in_a_picture_are_those_the_agent_sets(name):
    picture = pictures()[name]
    plan = Settings(zones=max(1, len(picture.subnets))).addresses
    addresses = {
        station.name: plan.node(int(station.name.split()[1])) for station in picture.stations
    }
    node = machine.Node(plan, "eth0", addresses.pop("node 1"), VPC_MTU)

    wanted = {route for peer in addresses.values() for route in agents_routes(node, name, peer)}

    assert wanted <= entries(picture, "node 1")


def agents_routes(node: machine.Node, name: str, peer: IPv4Address) -> set[str]:
    return {
        f"{route.destination} via {route.gateway} dev {route.link}"
        for route in peers.routes(node, Routing.parse(name), peer)
        if route.table == "main"
    }


@pytest.mark.parametrize("name", ["overlay", "l2"])
def test_forwarding_entries_in_a_picture_are_those_the_agent_sets(name):
    node = machine.Node(parts.PLAN, "eth0", parts.ONE, VPC_MTU)
    wanted = peers.wanted(node, Routing(mode=Routing.parse(name).mode))
    device = {"overlay": links.OVERLAY, "l2": links.FLAT}[name]

    shown = {entry for entry in entries(pictures()[name], "node 1") if entry.startswith("fdb ")}

    assert shown == {
        f"fdb {mac} dst {peer}"
        for link, mac, peer in wanted.forwarding
        if link == device and peer == str(parts.TWO)
    }


def test_the_neighbour_entry_in_the_picture_of_gre_is_the_agents():
    node = machine.Node(parts.PLAN, "eth0", parts.ONE, VPC_MTU)
    wanted = peers.wanted(node, Routing.parse("overlay-gre")).neighbours

    assert {
        f"neigh {address} lladdr {peer}"
        for link, address, peer in wanted
        if link == links.GRE and address == str(parts.TWO)
    } == {entry for entry in entries(pictures()["overlay-gre"], "node 1") if "neigh" in entry}


def entries(picture: Picture, name: str) -> set[str]:
    station = next(station for station in picture.stations if station.name == name)
    return {entry for layer in station.layers for entry in layer.entries}


def test_a_picture_names_links_as_the_agent_does():
    named = {
        layer.name
        for picture in pictures().values()
        for station in picture.stations
        for layer in station.layers
    }

    assert named == {"routes", links.OVERLAY, links.FLAT, links.GRE, BRIDGE, uplink.PHYSICAL}


@pytest.mark.parametrize("name", NAMES)
def test_every_text_ends_inside_the_box_it_begins_in(name):
    root = ET.fromstring(draw(pictures()[name]))  # noqa: S314  # drawn a moment ago
    boxes = [frame(item) for item in root.iter(f"{SVG}rect")]
    texts = [item for item in root.iter(f"{SVG}text") if "text-anchor" not in item.attrib]

    too_long = []
    for item in texts:
        x, y, words = int(item.attrib["x"]), int(item.attrib["y"]), "".join(item.itertext())
        around = [box for box in boxes if box[0] <= x <= box[2] and box[1] <= y <= box[3]]
        right = min(box[2] for box in around)
        too_long += [words] if x + WIDEST_LETTER * len(words) > right else []

    assert too_long == []


def frame(item: ET.Element) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a rectangle."""
    x, y = int(item.get("x", "0")), int(item.get("y", "0"))
    return x, y, x + int(item.attrib["width"]), y + int(item.attrib["height"])


@pytest.mark.parametrize("name", NAMES)
def test_every_stretch_of_a_way_has_its_sentence(name):
    text = draw(pictures()[name])
    hops = sum(len(way.hops) for way in pictures()[name].ways)

    assert text.count('marker-end="url(#tip)"') == hops
    assert text.count("<circle") == 2 * hops
