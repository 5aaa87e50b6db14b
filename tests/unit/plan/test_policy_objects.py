"""What a control plane writes of NetworkPolicy objects, and what a reader makes of it."""

from __future__ import annotations

import pytest

from podnet.plan.network_policy import NAMED, unenforced
from podnet.plan.policy_objects import Engine, Found


def thing(kind, namespace, name):
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name}}


def test_an_engine_is_a_daemon_set_of_that_name_in_a_namespace_of_that_name():
    found = Found.of(
        [
            thing("NetworkPolicy", "shop", "kube-router"),
            thing("DaemonSet", "shop", "kube-router"),
            thing("DaemonSet", "kube-network-policies", "kube-network-policies"),
            thing("DaemonSet", "none", "none"),
        ]
    )

    assert found == Found(("shop/kube-router",), Engine.KUBE_NETWORK_POLICIES)


def test_what_is_written_is_read_again():
    found = Found(("a/b", "c/d"), Engine.KUBE_ROUTER)

    assert Found.parse(found.text()) == found


@pytest.mark.parametrize("text", ["", "none", "{}", "[]", '{"engine": "x", "policies": []}', "1"])
def test_what_no_control_plane_has_written_is_nothing(text):
    assert Found.parse(text) == Found()


def test_a_sentence_names_some_of_many():
    found = Found(tuple(f"shop/{number:02}" for number in range(NAMED + 3)))
    remark = unenforced(found, Engine.NONE)

    assert remark is not None
    assert "shop/09 and 3 more)" in remark.text
    assert "shop/10" not in remark.text
