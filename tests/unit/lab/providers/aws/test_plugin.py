"""The plugin: the requests of the Pulumi CLI's engine, and the answers."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from podnet.lab.providers.aws.plugin import ENDPOINT, Servicer
from podnet.lab.providers.urns import type_of
from podnet.lab.providers.wire import SECRET, SIGNATURE, decode, encode
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION


class AbortedError(Exception):
    """What gRPC raises to end a call."""


class Context:
    """Takes what a call ends with."""

    metadata = ()

    def abort(self, _, message):
        raise AbortedError(message)

    def set_trailing_metadata(self, metadata):
        self.metadata = metadata


@pytest.fixture
def context():
    return Context()


@pytest.fixture(scope="module")
def servicer(endpoint):
    made = Servicer("1.2.3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENDPOINT, endpoint)
        made.Configure(pb.ConfigureRequest(args=encode({"region": REGION})), Context())
    return made


def urn(type_):
    return f"urn:pulumi:lab::podnet::podnet:index:Network${type_}::one"


def test_the_type_is_the_last_of_those_in_a_urn():
    assert type_of(urn(samples.VPC)) == samples.VPC


@pytest.mark.parametrize(
    ("address", "message"),
    [(None, f"{ENDPOINT} is not set"), ("https://ec2.amazonaws.com", "loopback")],
)
def test_without_an_endpoint_on_this_machine_nothing_is_served(
    address, message, monkeypatch, context
):
    monkeypatch.delenv(ENDPOINT, raising=False)
    if address:
        monkeypatch.setenv(ENDPOINT, address)

    with pytest.raises(AbortedError, match=message):
        Servicer("1").Configure(pb.ConfigureRequest(args=encode({"region": REGION})), context)


def test_a_stack_without_a_region_is_refused(endpoint, monkeypatch, context):
    monkeypatch.setenv(ENDPOINT, endpoint)

    with pytest.raises(AbortedError, match="aws:region is not set"):
        Servicer("1").Configure(pb.ConfigureRequest(), context)


def test_a_configuration_that_the_lab_would_not_heed_is_refused(context):
    request = pb.CheckRequest(news=encode({"region": REGION, "assumeRoles": "[]"}))

    with pytest.raises(AbortedError, match="aws:assumeRoles"):
        Servicer("1").CheckConfig(request, context)


def test_bad_inputs_are_reported_as_failures_of_the_check(servicer, context):
    response = servicer.Check(pb.CheckRequest(urn=urn(samples.VPC), news=encode({})), context)

    assert "cidrBlock" in response.failures[0].reason


def test_what_is_not_known_yet_stays_so(servicer, context):
    news = encode({"vpcId": UNKNOWN_ON_THE_WIRE, "cidrBlock": "10.0.0.0/24"})
    response = servicer.Check(pb.CheckRequest(urn=urn(samples.SUBNET), news=news), context)

    assert response.inputs["vpcId"] == UNKNOWN_ON_THE_WIRE


def test_a_difference_says_what_and_whether_it_replaces(servicer, context):
    old = {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24", "mapPublicIpOnLaunch": False}
    new = {
        "vpcId": "vpc-1",
        "cidrBlock": "10.0.1.0/24",
        "mapPublicIpOnLaunch": False,
        "tags": {"a": "b"},
    }
    response = servicer.Diff(
        pb.DiffRequest(
            urn=urn(samples.SUBNET), id="subnet-1", old_inputs=encode(old), news=encode(new)
        ),
        context,
    )

    assert response.changes == pb.DiffResponse.DIFF_SOME
    assert list(response.replaces) == ["cidrBlock"]
    assert {name: diff.kind for name, diff in response.detailedDiff.items()} == {
        "cidrBlock": pb.PropertyDiff.UPDATE_REPLACE,
        "tags": pb.PropertyDiff.ADD,
    }


def test_a_difference_in_a_map_is_reported_by_the_path_that_an_option_may_name(servicer, context):
    old = {
        "vpcId": "vpc-1",
        "cidrBlock": "10.0.0.0/24",
        "tags": {"podnet:network": "1", "a": "1", "same": "1"},
    }
    new = {**old, "tags": {"podnet:network": "2", "b": "1", "same": "1"}}
    response = servicer.Diff(
        pb.DiffRequest(
            urn=urn(samples.SUBNET), id="subnet-1", old_inputs=encode(old), news=encode(new)
        ),
        context,
    )

    assert list(response.diffs) == ["tags"]
    assert {name: diff.kind for name, diff in response.detailedDiff.items()} == {
        'tags["podnet:network"]': pb.PropertyDiff.UPDATE,
        "tags.a": pb.PropertyDiff.DELETE,
        "tags.b": pb.PropertyDiff.ADD,
    }


def test_no_difference_is_reported_as_none(servicer, context):
    same = encode({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"})
    response = servicer.Diff(
        pb.DiffRequest(urn=urn(samples.SUBNET), id="subnet-1", old_inputs=same, news=same), context
    )

    assert response.changes == pb.DiffResponse.DIFF_NONE


def test_a_preview_makes_nothing(servicer, context, ec2):
    before = len(ec2.describe_vpcs()["Vpcs"])
    response = servicer.Create(
        pb.CreateRequest(
            urn=urn(samples.VPC), properties=encode({"cidrBlock": "10.5.0.0/16"}), preview=True
        ),
        context,
    )

    assert (response.id, decode(response.properties)[0]) == ("", {"cidrBlock": "10.5.0.0/16"})
    assert len(ec2.describe_vpcs()["Vpcs"]) == before


def test_a_resource_lives_and_is_gone_when_it_was_deleted(servicer, context):
    checked = servicer.Check(
        pb.CheckRequest(urn=urn(samples.VPC), news=encode({"cidrBlock": "10.5.0.0/16"})), context
    ).inputs
    made = servicer.Create(pb.CreateRequest(urn=urn(samples.VPC), properties=checked), context)
    known = {"urn": urn(samples.VPC), "id": made.id}
    found = servicer.Read(
        pb.ReadRequest(**known, inputs=checked, properties=made.properties), context
    )
    changed = servicer.Update(
        pb.UpdateRequest(
            **known,
            olds=made.properties,
            old_inputs=checked,
            news=encode({**decode(checked)[0], "tags": {"a": "b"}}),
        ),
        context,
    )
    servicer.Delete(pb.DeleteRequest(**known, properties=made.properties), context)
    gone = servicer.Read(
        pb.ReadRequest(**known, inputs=checked, properties=made.properties), context
    )

    assert (found.inputs, found.properties) == (checked, made.properties)
    assert changed.properties["tagsAll"]["a"] == "b"
    assert gone.id == ""


def test_what_came_to_be_of_a_creation_that_failed_is_recorded(servicer, context, world, ec2):
    group = encode(servicer.provider.check(samples.GATEWAY, {"vpcId": "vpc-00000000"}))

    with pytest.raises(AbortedError, match="AttachInternetGateway"):
        servicer.Create(pb.CreateRequest(urn=urn(samples.GATEWAY), properties=group), context)
    ((key, packed),) = context.metadata
    status = status_pb2.Status.FromString(packed)
    half = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    assert key == "grpc-status-details-bin"
    # As planned: the next reading shows that it is attached to nothing.
    assert decode(half.properties)[0]["vpcId"] == "vpc-00000000"
    ec2.delete_internet_gateway(InternetGatewayId=half.id)


def sealed(value):
    return {SIGNATURE: SECRET, "value": value}


def test_what_is_secret_is_marked_as_such_in_every_answer(servicer, context):
    known = {"urn": urn(samples.PARAMETER)}
    news = {"name": "/podnet/plugin", "type": "SecureString", "value": "hush"}
    checked = servicer.Check(pb.CheckRequest(**known, news=encode(news)), context).inputs
    planned = servicer.Create(
        pb.CreateRequest(**known, properties=encode(news), preview=True), context
    )
    made = servicer.Create(pb.CreateRequest(**known, properties=encode(news)), context)
    known["id"] = made.id
    found = servicer.Read(
        pb.ReadRequest(**known, inputs=encode(news), properties=made.properties), context
    )
    changed = servicer.Update(
        pb.UpdateRequest(
            **known,
            olds=made.properties,
            old_inputs=encode(news),
            news=encode({**news, "value": "other"}),
        ),
        context,
    )
    response = getattr(
        servicer.Invoke(
            pb.InvokeRequest(
                tok="aws:ssm/getParameter:getParameter", args=encode({"name": "/podnet/plugin"})
            ),
            context,
        ),
        "return",
    )
    servicer.Delete(pb.DeleteRequest(**known, properties=made.properties), context)

    for answer in (checked, planned.properties, made.properties, found.inputs, found.properties):
        assert MessageToDict(answer)["value"] == sealed("hush")
    for answer in (changed.properties, response):
        assert MessageToDict(answer)["value"] == sealed("other")
    assert MessageToDict(response)["name"] == "/podnet/plugin"


def test_another_configuration_replaces_nothing(servicer, context):
    response = servicer.DiffConfig(
        pb.DiffRequest(
            old_inputs=encode({"region": REGION}),
            news=encode({"region": REGION, "ignoreTags": "{}"}),
        ),
        context,
    )

    assert (response.changes, list(response.diffs), list(response.replaces)) == (
        pb.DiffResponse.DIFF_SOME,
        ["ignoreTags"],
        [],
    )


def test_a_function_is_called(servicer, context):
    response = servicer.Invoke(
        pb.InvokeRequest(
            tok="aws:index/getAvailabilityZones:getAvailabilityZones", args=encode({})
        ),
        context,
    )

    assert getattr(response, "return")["id"] == REGION
