"""What tests of several labs ask of a lab."""

import time

from podnet.lab.stack.inventory import applied_routing, node_records
from podnet.plan import tags
from tests.lab.modes.wire import Wire, expected

TWO_POLLS = 6.0


def packets_go_the_way_of_the_mode(lab):
    """All pairs are green, and what they sent was on the wire as the mode has it."""
    with Wire(lab) as wire:
        failed = lab.matrix().failed

    assert failed == ()
    assert (wire.native, wire.wrapped) == expected(lab)


def assigned(lab):
    """The tag of each running node, as the API has it."""
    records = node_records(lab.stack)
    return {node.name: records[node.name].routing for node in lab.nodes}


def followed(lab):
    """Wait until every node goes by its tag; for no longer than two polls and their work."""
    deadline = time.monotonic() + TWO_POLLS
    while {node.name: applied_routing(node) for node in lab.nodes} != assigned(lab):
        assert time.monotonic() < deadline, "a node does not follow its tag"
        time.sleep(0.1)
    # The routing is kept before it is acted upon.
    time.sleep(0.5)


def assign(lab, tag, *names):
    """Set the tag of these nodes, or of all, by hand."""
    lab.ec2.create_tags(
        Resources=[node.instance_id for node in lab.nodes if not names or node.name in names],
        Tags=[{"Key": tags.ROUTING, "Value": tag}],
    )
