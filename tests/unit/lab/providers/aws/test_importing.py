"""An import of each type by the name that the real provider takes: the program then changes none.

The names are those of the "Import" sections in the documents of the resources
(hashicorp/terraform-provider-aws, website/docs/r/).
"""

from __future__ import annotations

import json

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.aws.plugin import ENDPOINT, Servicer
from podnet.lab.providers.wire import decode, encode
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION, Stack
from tests.unit.lab.providers.aws.samples import SAMPLES

NAMED_OTHERWISE = {
    samples.ROUTE: "{routeTableId}_{destinationCidrBlock}",
    samples.ASSOCIATION: "{subnetId}/{routeTableId}",
    samples.ATTACHMENT: "{role}/{policyArn}",
    samples.RESERVATION: "{subnetId}:{id}",
    samples.TAG: "{resourceId},{key}",
    samples.EXCLUSIVE: "{securityGroupId}",
}
"""The names of those that are not imported by their id."""
UNREADABLE = {samples.INSTANCE: ["userDataReplaceOnChange"]}
"""What an import cannot read, since no API has it, and the next deployment records without a call.

Upstream's own tests of imports leave it out (internal/service/ec2/ec2_instance_test.go,
ImportStateVerifyIgnore).
"""


NOT_READ = {"userDataReplaceOnChange", "overwrite", "forceDetachPolicies"}
"""Inputs that AWS knows nothing of."""
EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type.split(":")[-1])


def import_id(type_, inputs, id_):
    """The name by which a resource is imported."""
    return NAMED_OTHERWISE.get(type_, "").format_map({**inputs, "id": id_}) or id_


@pytest.fixture(scope="module")
def servicer(endpoint):
    made = Servicer("1.2.3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENDPOINT, endpoint)
        made.Configure(pb.ConfigureRequest(args=encode({"region": REGION})), None)
    return made


@EACH
def test_after_an_import_the_program_changes_nothing(sample, world, provider, servicer):
    stack = Stack(provider)
    made = stack.make(sample.type, **sample.inputs(world))
    urn = f"urn:pulumi:lab::podnet::{sample.type}::one"

    read = servicer.Read(
        pb.ReadRequest(id=import_id(made.type, made.inputs, made.id), urn=urn), None
    )
    news = servicer.Check(pb.CheckRequest(urn=urn, news=encode(sample.inputs(world))), None)
    diff = servicer.Diff(
        pb.DiffRequest(
            id=read.id,
            urn=urn,
            olds=read.properties,
            old_inputs=read.inputs,
            news=news.inputs,
        ),
        None,
    )
    stack.clear()

    assert decode(read.inputs)[0].keys() >= TYPES[sample.type].schema.required
    assert (list(diff.diffs), list(diff.replaces)) == (UNREADABLE.get(sample.type, []), [])


@EACH
def test_an_import_gives_the_inputs(sample, world, stack, provider):
    made = stack.make(sample.type, **sample.inputs(world))
    id_ = import_id(made.type, made.inputs, made.id)
    found, outputs = provider.read(sample.type, id_, {}, {})
    diff = provider.diff(sample.type, id_, found, outputs, made.inputs)

    assert diff.replaces == ()
    assert set(diff.changed) <= NOT_READ
    assert provider.read(sample.type, id_, found, outputs) is not None


def test_an_import_also_gives_what_ec2_chose(world, stack, provider):
    node = stack.make(
        samples.INSTANCE, ami=world.image, instanceType="t3.small", subnetId=world.subnet.id
    )
    found, _ = provider.read(samples.INSTANCE, node.id, {}, {})

    assert {"privateIp", "availabilityZone", "vpcSecurityGroupIds", "rootBlockDevice"} <= set(found)
    assert node.inputs.keys() & {"privateIp", "availabilityZone"} == set()


def test_an_imported_instance_of_another_subnet_is_to_be_replaced(world, stack, provider):
    inputs = samples.instance(world, "192.168.1.52") | {"subnetId": world.other_subnet.id}
    del inputs["privateIp"]
    theirs = stack.make(samples.INSTANCE, **inputs)
    found, outputs = provider.read(samples.INSTANCE, theirs.id, {}, {})
    wanted = provider.check(samples.INSTANCE, samples.instance(world, "192.168.1.52"))
    diff = provider.diff(samples.INSTANCE, theirs.id, found, outputs, wanted)

    assert found["subnetId"] == world.other_subnet.id
    assert {"subnetId", "privateIp"} <= {*diff.replaces}


def test_an_import_of_what_is_not_there_finds_nothing(world, provider):
    for type_, id_ in (
        (samples.INSTANCE, "i-00000000000000000"),
        (samples.ROUTE, f"{world.table.id}_10.77.0.0/16"),
        (samples.ASSOCIATION, f"{world.other_subnet.id}/{world.other_table.id}"),
        (samples.ATTACHMENT, f"{world.role['name']}/arn:aws:iam::aws:policy/None"),
        (samples.EXCLUSIVE, "sg-00000000"),
    ):
        assert provider.read(type_, id_, {}, {}) is None, type_


def test_the_schema_lists_every_type_with_its_inputs(servicer):
    schema = json.loads(servicer.GetSchema(pb.GetSchemaRequest(), None).schema)

    assert (schema["name"], schema["version"]) == ("aws", "1.2.3")
    assert {
        token: (each["inputProperties"].keys(), set(each["requiredInputs"]))
        for token, each in schema["resources"].items()
    } == {token: (kind.schema.served, kind.schema.required) for token, kind in TYPES.items()}
    assert schema["resources"][samples.PARAMETER]["inputProperties"]["value"]["secret"]
