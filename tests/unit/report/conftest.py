import pytest

from podnet.report.headroom import headroom
from podnet.report.page import Report, render
from tests.unit.report.dom import parse


@pytest.fixture(scope="session")
def page():
    """Renders a VPC on paper, and parses the page."""

    def make(paper, *expected, packets=None, **changes):
        vpc = paper.world.vpcs[0]
        report = {
            "title": "stack lab",
            "world": paper.world,
            "vpc": vpc,
            "nodes": paper.nodes,
            "proof": paper.prove(*expected),
            "packets": packets,
            "packets_from": "Sent in the lab." if packets else "`podnet matrix` sends some.",
            "quotas": headroom(paper.world, vpc.id, {}),
            "origin": "Read in a test.",
            "made": "2026-01-02 03:04:05 UTC",
            "versions": {"podnet": "1.2.3"},
        }
        return parse(render(Report(**report | changes)))

    return make
