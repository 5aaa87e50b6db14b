from __future__ import annotations

import pytest

from podnet.lab.cloud.api.call import Call

SIGNED = "AWS4-HMAC-SHA256 Credential=lab/20260101/eu-central-1/ec2/aws4_request, SignedHeaders=a"


def test_a_call_names_its_service_region_and_action():
    call = Call.parse(SIGNED, b"Action=RunInstances&Version=2016-11-15&MaxCount=1")

    assert (call.service, call.region, call.action) == ("ec2", "eu-central-1", "RunInstances")
    assert (call.get("MaxCount"), call.get("MinCount"), call.reads_only) == ("1", None, False)


def test_numbered_parameters_are_lists_and_structures_in_their_order():
    call = Call.parse(SIGNED, b"Action=A&Id.10=j&Id.2=b&Id.1=a&Nic.1.Index=0&Nic.1.Group.1=g")

    assert call.values_of("Id") == ["a", "b", "j"]
    assert call.items("Nic") == [{"Index": "0", "Group.1": "g"}]


def test_a_call_is_said_again_as_it_was():
    call = Call.parse(SIGNED, b"Action=A&Key=a%2Fb+c%3D&Empty=")

    assert Call.parse(SIGNED, call.encode()) == call


@pytest.mark.parametrize(
    ("authorization", "body"),
    [
        ("", b"Action=A"),
        (SIGNED, b'{"json": 1}'),
        (SIGNED, b"\xff\xfe"),
        ("Basic abc", b"Action=A"),
    ],
    ids=["unsigned", "json", "bytes", "other"],
)
def test_a_request_in_another_protocol_is_no_call(authorization, body):
    assert Call.parse(authorization, body) is None


@pytest.mark.parametrize(
    ("action", "reads"),
    [("DescribeVpcs", True), ("GetRole", True), ("ListRoles", True), ("DeleteVpc", False)],
)
def test_calls_that_only_read_are_recognised_by_their_verb(action, reads):
    assert Call("ec2", "r", action).reads_only is reads


def test_a_call_in_json_is_named_by_its_target():
    authorization = SIGNED.replace("/ec2/", "/ssm/")
    call = Call.parse(authorization, b'{"Name": "/a"}', "AmazonSSM.PutParameter")

    assert (call.name, call.in_json, call.document) == ("ssm:PutParameter", True, {"Name": "/a"})
    assert call.key_id == "lab"
    assert Call.parse(authorization, b"[", "AmazonSSM.PutParameter") is None
