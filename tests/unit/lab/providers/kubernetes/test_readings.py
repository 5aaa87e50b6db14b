"""What an object reads back as, compared with what was asked for."""

from __future__ import annotations

import pytest

from podnet.lab.providers.kubernetes import objects

CONTAINERS = [
    {"name": "a", "image": "a:1", "resources": {"limits": {"cpu": "0.1"}}},
    {"name": "b", "image": "b:1"},
]


@pytest.mark.parametrize(
    ("recorded", "live", "expected"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, {"a": 1}, id="what nobody asked for"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="another value"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, {"a": {"c": 2}}, id="taken away"),
        pytest.param({"a": {"b": 1}}, {}, {}, id="taken away whole"),
        pytest.param(
            {"a": False, "b": [], "c": {}, "d": ""},
            {},
            {"a": False, "b": [], "c": {}, "d": ""},
            id="what says nothing",
        ),
        pytest.param({"a": True}, {}, {}, id="a switch that is off now"),
        pytest.param(
            {"spec": {"containers": CONTAINERS}},
            {
                "spec": {
                    "containers": [
                        {**CONTAINERS[1], "terminationMessagePath": "/dev/termination-log"},
                        {"name": "c", "image": "c:1"},
                        {**CONTAINERS[0], "resources": {"limits": {"cpu": "100m"}}},
                    ]
                }
            },
            {"spec": {"containers": CONTAINERS}},
            id="named items among others",
        ),
        pytest.param(
            {"spec": {"containers": CONTAINERS}},
            {"spec": {"containers": CONTAINERS[:1]}},
            {"spec": {"containers": CONTAINERS[:1]}},
            id="a named item gone",
        ),
        pytest.param(
            {"list": [{"port": 1}, {"port": 2}]},
            {"list": [{"port": 1, "protocol": "TCP"}, {"port": 3}]},
            {"list": [{"port": 1}, {"port": 3}]},
            id="items by their places",
        ),
        pytest.param({"list": [1]}, {"list": [1, 2]}, {"list": [1, 2]}, id="one more"),
        pytest.param({"a": "1"}, {"a": "1000m"}, {"a": "1000m"}, id="no amount"),
    ],
)
def test_a_reading_reports_what_was_asked_for_as_it_is_now(recorded, live, expected):
    assert objects.found(recorded, live) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.1", "100m", True),
        ("1024Mi", "1Gi", True),
        (1, "1", True),
        ("1e3", "1k", True),
        ("1G", "1Gi", False),
        ("0.1", "101m", False),
        ("1x", "1y", False),
    ],
)
def test_an_amount_is_the_same_however_it_is_written(one, other, same):
    recorded = {"resources": {"requests": {"memory": one}}}

    assert (
        objects.found(recorded, {"resources": {"requests": {"memory": other}}}) == recorded
    ) is same


def test_a_secret_given_as_text_reads_back_as_text():
    recorded = {"stringData": {"a": "hush"}, "data": {"b": "aHVzaA=="}}

    assert objects.found(recorded, {"data": {"a": "aHVzaA==", "b": "aHVzaA=="}}) == recorded
    assert objects.found(recorded, {"data": {"a": "b3Blbg==", "b": "aHVzaA=="}}) == {
        **recorded,
        "stringData": {"a": "open"},
    }
