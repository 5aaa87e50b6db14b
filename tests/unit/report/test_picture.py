"""What is drawn, and that it can be read."""

import re
from dataclasses import replace
from ipaddress import IPv4Network

from podnet.world.model import Eni
from tests.unit.report.worlds import large, paper


def lines(page):
    """What is drawn with a line, but for the tip of an arrow."""
    return [each for each in page.one("svg").all("path") if "class" in each.attrs]


def test_the_way_of_the_mode_is_drawn_and_in_words(page):
    assert [each.attrs["class"] for each in lines(page(paper()))] == [
        "link",
        "way",
    ]
    overlay = page(paper(routing="overlay"))
    assert "tunnel" in [each.attrs["class"] for each in lines(overlay)]
    assert "wraps it in VXLAN" in overlay.one("main").text
    host_gw = page(paper(routing="host-gw"))
    assert "node-1 : sends to the MAC of the interface of node-2" in host_gw.one("main").text


def test_nodes_hosts_and_routes_are_in_the_picture(page):
    with_host = paper()
    host = Eni(
        id="eni-host",
        vpc_id=with_host.world.vpcs[0].id,
        subnet_id="subnet a",
        mac="",
        address=IPv4Network("192.168.1.99/32")[0],
        public_address=None,
        source_dest_check=True,
        group_ids=(),
        instance_id=None,
    )
    world = replace(with_host.world, enis=(*with_host.world.enis, host))
    hosted = replace(with_host, world=world)
    found = page(hosted.route("10.1.2.0/24", "eni-x"))
    text = found.one("svg").text

    for words in ("node-1", "192.168.1.11", "pods 10.1.1.0/24", "1 other host of the VPC"):
        assert words in text
    assert "✗ 10.1.2.0/24 → eni-x, which is gone" in text
    assert "10.1.1.0/24 → node-1" in text
    assert "0.0.0.0/0 → the internet gateway" in text


def test_no_two_nodes_are_drawn_over_each_other_and_none_outside(page):
    for made in (page(paper()), page(large(250))):
        svg = made.one("svg")
        width, height = map(float, svg.attrs["viewbox"].split()[2:])
        boxes = [
            tuple(float(each.attrs[key]) for key in ("x", "y", "width", "height"))
            for each in svg.all("rect")
            if each.attrs["class"].startswith("node")
        ]
        places = {(x, y) for x, y, _, _ in boxes}
        assert len(places) == len(boxes) >= 3
        assert all(x >= 0 and x + w <= width and y >= 0 and y + h <= height for x, y, w, h in boxes)
        rows = {}
        for x, y, w, _ in sorted(boxes):
            assert rows.get(y, 0) <= x
            rows[y] = x + w


def luminance(colour):
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_texts_have_the_contrast_that_wcag_asks_for_in_light_and_dark(page):
    style = page(paper()).one("style").children[0]
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    )

    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for text in ("ink", "soft", "good", "bad", "link"):
            for ground in ("ground", "raised"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for text, ground in (
            ("good", "good-ground"),
            ("bad", "bad-ground"),
            ("ink", "node"),
            ("good", "node"),
            ("bad", "node"),
            ("ink", "bad-ground"),
            ("ink", "place"),
            ("ink", "table"),
            ("bad", "table"),
        ):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["way"], colours["ground"]) >= 3
