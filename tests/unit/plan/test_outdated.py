"""Which nodes are outdated, and in what."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from podnet.plan.outdated import outdated

TEMPLATE = SimpleNamespace(version="2", image_id="ami-2", instance_type="t3.small")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, ()),
        ({"version": "1"}, ("user data",)),
        ({"image_id": "ami-1"}, ("image",)),
        ({"instance_type": "t3.nano"}, ("instance type",)),
        (
            {"version": "1", "image_id": "ami-1", "instance_type": "t3.nano"},
            ("user data", "image", "instance type"),
        ),
    ],
    ids=["nothing", "user data", "image", "instance type", "all"],
)
def test_a_node_is_outdated_in_what_differs_from_a_new_one(changes, what):
    record = SimpleNamespace(**{**vars(TEMPLATE), **changes})

    assert outdated(record, TEMPLATE) == what
