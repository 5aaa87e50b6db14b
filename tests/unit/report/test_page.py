"""What the page says, and that everybody can read it."""

import re
import time
from itertools import pairwise

import pytest

from podnet.plan.quotas.quota import ROUTES
from podnet.report.headroom import headroom
from podnet.verify.planned import VPC
from tests.unit.report.matrices import packets
from tests.unit.report.worlds import broken, large, paper
from tests.unit.verify.broken import Paper

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`{{ 7*7 }}"


PAGES = {
    "whole": lambda page: page(paper(), packets=packets(3)),
    "broken": lambda page: page(broken(), "node-4", packets=packets(3, ("pod-2a",))),
    "no packets": lambda page: page(paper(routing="overlay", zones=3)),
    "large": lambda page: page(large(250).stopped("node-5"), packets=packets(250, ("node-5",))),
    "over a quota": lambda page: page(
        paper(node_count=50), quotas=headroom(paper(node_count=50).world, VPC, {ROUTES: 50})
    ),
    "hostile": lambda page: page(paper(), title=HOSTILE),
}


@pytest.fixture(scope="module", params=PAGES.values(), ids=PAGES)
def any_page(request, page):
    return request.param(page)


def test_headings_descend_one_step_at_a_time(any_page):
    levels = [int(each.tag[1]) for each in any_page.all("h1", "h2", "h3", "h4", "h5", "h6")]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(each.text for each in any_page.all("h1", "h2", "h3", "h4"))


def test_ids_are_unique_and_all_that_is_referred_to_is_there(any_page):
    ids = [each.attrs["id"] for each in any_page if "id" in each.attrs]
    links = [each.attrs["href"].removeprefix("#") for each in any_page.all("a")]
    labels = [name for each in any_page for name in each.attrs.get("aria-labelledby", "").split()]

    assert len(ids) == len(set(ids))
    assert {*links, *labels} <= set(ids)


def test_landmarks_are_there_and_named(any_page):
    assert [len(any_page.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1] * 4
    assert any_page.one("html").attrs["lang"] == "en"
    first_link = any_page.all("a")[0]
    assert first_link.attrs["href"] == f"#{any_page.one('main').attrs['id']}"
    assert all("aria-labelledby" in each.attrs for each in any_page.all("section"))
    regions = [each for each in any_page if each.attrs.get("role") == "region"]
    names = [each.attrs["aria-label"] for each in regions]
    assert len(names) == len(set(names)) > 2
    # What scrolls sideways can be scrolled by keys.
    assert all(each.attrs["tabindex"] == "0" for each in regions)


def test_every_table_has_a_caption_and_its_headers_a_scope(any_page):
    tables = any_page.all("table")

    assert len(tables) >= 3
    for table in tables:
        assert table.children[1].tag == "caption"
        assert table.children[1].text
        assert {each.attrs.get("scope") for each in table.all("th")} == {"col", "row"}
        columns = len(table.one("thead").all("th"))
        for row in table.one("tbody").all("tr"):
            assert len(row.all("th", "td")) == columns


def test_the_picture_has_a_title_and_a_description(any_page):
    svg = any_page.one("svg")
    named = svg.attrs["aria-labelledby"].split()

    assert svg.attrs["role"] == "img"
    assert [each.tag for each in svg if each.attrs.get("id") in named] == ["title", "desc"]


def test_pass_and_fail_are_words_and_signs_beside_a_colour(any_page):
    for cell in any_page.all("td"):
        if cell.attrs.get("class") == "pass":
            assert re.fullmatch("✓ (ok|proved)", cell.text)
        elif cell.attrs.get("class") == "fail":
            assert cell.text.startswith("✗ ")


def test_the_page_asks_for_nothing_and_runs_nothing(any_page):
    source = any_page.source
    for each in any_page:
        assert each.tag not in (
            "script",
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
        )
        assert {"src", "srcset", "xlink:href", "action"}.isdisjoint(each.attrs)
        assert not any(name.startswith("on") for name in each.attrs)
        assert each.attrs.get("href", "#").startswith("#")
    style = any_page.one("style").children[0]
    assert "url(" not in style.replace("url(#tip)", "")
    assert "@import" not in style
    addresses = set(re.findall(r"\bhttps?://[^\"' <)]+", source))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of SVG, which nobody fetches
    policy = any_page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attrs["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_what_comes_from_the_account_is_text(page):
    hostile = paper()
    renamed = {"node-1": HOSTILE}
    nodes = tuple(
        type(node)(renamed.get(node.name, node.name), node.eni, node.plan, node.routing)
        for node in hostile.nodes
    )
    failed = [{"from": HOSTILE, "to": "pod-1a", "check": "tcp", "reason": HOSTILE}]
    matrix = packets(1, failed=failed, endpoints=[HOSTILE, "pod-1a"], missing={HOSTILE: HOSTILE})
    changed = Paper(hostile.world, nodes).route("10.1.2.0/24", f"eni-{HOSTILE}")
    found = page(changed, HOSTILE, packets=matrix, title=HOSTILE, versions={HOSTILE: HOSTILE})

    assert found.all("script", "img") == []
    assert "49" not in found.one("h1").text
    assert HOSTILE in found.one("h1").text
    assert sum(HOSTILE in each.text for each in found.all("th")) >= 2


def failing_on(page):
    """Every pair of ends of which the page says that it loses packets, by its causes."""
    return "\n".join(item.text for each in page.all("article") for item in each.all("li"))


def test_every_pair_that_fails_on_paper_is_on_the_page(page):
    found = failing_on(page(broken()))

    failing = broken().failing()
    assert failing
    for source, target in failing:
        pattern = rf"{named(source)}.* to .*{named(target)}"
        assert re.search(pattern, found), f"{source} to {target} is not on the page:\n{found}"


def named(end):
    """A name as it stands in a list, alone or between the ends of a run."""
    return re.escape(end) if end.startswith("pods") else rf"(?<!of ){re.escape(end)}"


def test_a_failure_has_its_hops_cause_and_fix(page):
    found = page(paper().route("10.1.2.0/24", "eni-gone"))
    (cause,) = (each for each in found.all("article") if each.all("h3")[0].text == "route table a")

    terms = dict(
        zip(
            (each.text for each in cause.all("dt")),
            (each.text for each in cause.all("dd")),
            strict=True,
        )
    )
    assert terms["Cause"] == "its route for 10.1.2.0/24 leads to eni-gone, which is gone."
    assert terms["Fix"] == "run pulumi up --refresh , or delete the route."
    hops = [item.text for item in cause.one("details").all("ol")[0].all("li")]
    assert hops == ["route table a : routes 10.1.2.0/24 to eni-gone"]


def test_what_is_missing_or_not_modelled_keeps_the_page_from_saying_proved(page):
    whole = paper()
    proof = whole.prove("node-1", "node-9")
    found = page(whole, "node-1", "node-9")
    assert proof.failed == ()
    assert "✗ Not proved node-9 must exist and does not." in found.one("header").text

    odd = type(proof)(proof.verdicts, (), ("nat-1 is a NAT gateway",))
    found = page(whole, proof=odd)
    assert "✗ Not proved 1 thing in the VPC may treat them otherwise." in found.one("header").text
    assert "nat-1 is a NAT gateway" in found.one("main").text

    found = page(whole, proof=type(proof)(proof.verdicts, beside=("vgw-1 is a VPN gateway",)))
    assert "✓ Proved on paper" in found.one("header").text
    assert "vgw-1 is a VPN gateway" in found.one("main").text


def test_a_page_of_250_nodes_is_small_and_made_at_once(page):
    began = time.process_time()
    found = page(large(250).stopped("node-5"), packets=packets(250, ("node-5", "pod-5a")))

    assert len(found.source.encode()) < 256 * 1024
    assert time.process_time() - began < 20
    assert len(found.one("table", **{"class": "matrix kinds"}).all("tr")) == 3
