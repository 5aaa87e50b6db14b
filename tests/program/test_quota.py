"""The routes of a deployment against the account's quota."""

from __future__ import annotations

import grpc
import pulumi
import pytest

from podnet.plan import preview
from tests.program.recording import logged


class Refused(grpc.RpcError):
    """A look-up that the provider could not answer, as the SDK hears of it."""

    def code(self):
        return grpc.StatusCode.UNKNOWN

    def details(self):
        return "AccessDeniedException"


def test_the_routes_and_their_quota_are_logged(cloud):
    cloud.deploy(zones="3", nodeCount="4")

    assert cloud.said == [
        logged(
            "info",
            "vpc-routes puts 12 pod routes into 3 route tables; with 2 of its own a table holds 6 ",
            "of at most 500 (quota L-93826ACB), room for 494 nodes more",
        )
    ]
    assert [args for token, args in cloud.calls if token == cloud.QUOTA] == [
        {"serviceCode": "vpc", "quotaCode": "L-93826ACB"}
    ]


@pytest.mark.parametrize("settings", [{"routing": "overlay"}, {"routing": "host-gw"}])
def test_no_quota_matters_where_there_are_no_routes(cloud, settings):
    cloud.answers[cloud.QUOTA] = {"value": 1}
    cloud.deploy(**settings)

    assert cloud.said == []


def test_too_many_routes_stop_the_program_before_it_registers_anything(cloud):
    cloud.answers[cloud.QUOTA] = {"value": 10}

    with pytest.raises(
        pulumi.RunError, match=r"podnet:nodeCount 9 is more .* 1 too many\. Use at most 8 nodes"
    ):
        cloud.deploy(nodeCount="9")
    assert cloud.resources == []


def test_a_quota_that_lags_behind_can_be_overridden(cloud):
    cloud.answers[cloud.QUOTA] = {"value": 10}
    cloud.deploy(nodeCount="9", ignoreRouteQuota="true")

    assert [
        (loud, text.partition(":")[0] + ":" + text.partition(":")[2].partition(",")[0])
        for loud, text in cloud.said
    ] == [("warning", "podnet:ignoreRouteQuota is set")]
    assert len(cloud.of("Instance")) == 9


def test_where_no_quota_is_reported_the_default_of_aws_is_taken_and_logged(cloud):
    def refuse(_):
        raise Refused

    cloud.answers[cloud.QUOTA] = refuse
    cloud.deploy()

    assert [loud for loud, _ in cloud.said] == ["warning", "info"]
    assert cloud.said[0][1] == preview.unknown_quota().text
    assert "4 of at most 500 " in cloud.said[1][1]
