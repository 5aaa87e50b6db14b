"""What the provider refuses, and how it says so."""

from __future__ import annotations

import pytest

from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.aws.session import loopback
from podnet.lab.providers.protocol import UNKNOWN, ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://ec2.eu-central-1.amazonaws.com",
        "http://192.168.1.1:5000",
        "http://0.0.0.0:5000",
        "http://127.0.0.1@example.com",
        "http://localhost.example.com",
        "127.0.0.1:5000",
        "",
        "file:///localhost",
        "ftp://127.0.0.1",
    ],
)
def test_an_endpoint_elsewhere_is_refused_by_name(endpoint):
    with pytest.raises(ValueError, match="loopback") as caught:
        AwsProvider(endpoint, REGION)

    assert repr(endpoint) in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:5000", "http://127.8.9.10:1", "http://[::1]:5000", "http://localhost:5000"],
)
def test_an_endpoint_on_this_machine_is_taken(endpoint):
    assert loopback(endpoint) == endpoint


def test_an_unknown_type_is_refused_with_the_known_ones(provider):
    with refused("aws-resource-type-not-served", ProviderError) as caught:
        provider.check("aws:s3/bucket:Bucket", {})
    assert "aws:ec2/vpc:Vpc" in str(caught.value)


def test_an_unknown_function_is_refused_with_the_known_ones(provider):
    with refused("aws-function-not-served", ProviderError) as caught:
        provider.invoke("aws:ec2/getVpc:getVpc", {})
    assert "aws:ec2/getAmi:getAmi" in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "inputs", "rule", "value"),
    [
        pytest.param(
            samples.VPC,
            {"cidrBlok": "10.0.0.0/16"},
            "aws-property-unknown",
            "cidrBlock",
            id="misspelt",
        ),
        pytest.param(
            samples.VPC,
            {"cidrBlock": "10.0.0.0/16", "ipv6CidrBlock": "::/0"},
            "aws-property-unknown",
            "ipv6CidrBlock",
            id="not served",
        ),
        pytest.param(samples.VPC, {}, "aws-property-missing", "cidrBlock", id="missing"),
        pytest.param(
            samples.VPC,
            {"cidrBlock": "10.0.0.1/16"},
            "aws-network-malformed",
            "10.0.0.1/16",
            id="host bits",
        ),
        pytest.param(
            samples.VPC,
            {"cidrBlock": "10.0.0.0/16", "region": "us-east-1"},
            "aws-resource-region-mismatch",
            "us-east-1",
            id="other region",
        ),
        pytest.param(
            samples.ROUTE,
            {"routeTableId": "r", "destinationCidrBlock": "10.0.0.0/8"},
            "aws-properties-exclusive",
            "none",
            id="route to nowhere",
        ),
        pytest.param(
            samples.ROUTE,
            {
                "routeTableId": "r",
                "destinationCidrBlock": "10.0.0.0/8",
                "gatewayId": "i",
                "networkInterfaceId": UNKNOWN,
            },
            "aws-properties-exclusive",
            "gatewayId, networkInterfaceId",
            id="route to two",
        ),
        pytest.param(
            samples.INGRESS,
            {"securityGroupId": "g", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"},
            "aws-rule-ports-missing",
            "tcp",
            id="rule without ports",
        ),
        pytest.param(
            samples.INGRESS,
            {"securityGroupId": "g", "ipProtocol": "-1", "fromPort": 1, "cidrIpv4": "10.0.0.0/8"},
            "aws-rule-ports-superfluous",
            "fromPort",
            id="ports for all",
        ),
        pytest.param(
            samples.DEFAULT_GROUP,
            {"vpcId": "v", "ingress": [{"protocol": "-1"}]},
            "aws-default-group-must-be-empty",
            "ingress",
            id="rules in the default group",
        ),
        pytest.param(
            samples.INSTANCE,
            {"ami": "a", "instanceType": "t", "subnetId": "s", "privateIp": "192.168.1.256"},
            "aws-private-ip-malformed",
            "192.168.1.256",
            id="address",
        ),
        pytest.param(
            samples.INSTANCE,
            {"ami": "a", "instanceType": "t", "subnetId": "s", "userData": "x" * 16385},
            "aws-user-data-too-large",
            "16385",
            id="user data",
        ),
        pytest.param(
            samples.INSTANCE,
            {
                "ami": "a",
                "instanceType": "t",
                "subnetId": "s",
                "metadataOptions": {"httpProtocolIpv6": "enabled"},
            },
            "aws-block-property-unknown",
            "httpProtocolIpv6",
            id="part of a block",
        ),
    ],
)
def test_bad_inputs_are_refused_with_the_rule(provider, type_, inputs, rule, value):
    with refused(rule, ProviderError) as caught:
        provider.check(type_, inputs)
    assert value in str(caught.value)


def test_what_is_not_known_yet_passes_the_checks(provider):
    inputs = {
        "securityGroupId": UNKNOWN,
        "ipProtocol": "tcp",
        "fromPort": 1,
        "toPort": 1,
        "cidrIpv4": UNKNOWN,
    }

    assert provider.check(samples.INGRESS, inputs) == inputs


def test_what_is_not_known_yet_differs_from_all_that_is_known(provider):
    old = {"routeTableId": "rtb-1", "destinationCidrBlock": "10.0.0.0/8", "gatewayId": "igw-1"}
    diff = provider.diff(samples.ROUTE, "id", old, old, {**old, "routeTableId": UNKNOWN})

    assert (diff.changed, diff.replaces) == (("routeTableId",), ("routeTableId",))


def test_a_list_with_something_not_known_yet_differs(provider):
    old = {"securityGroupId": "g", "ingressRuleIds": ["sgr-1"], "egressRuleIds": []}
    diff = provider.diff(
        samples.EXCLUSIVE, "g", old, old, {**old, "ingressRuleIds": ["sgr-1", UNKNOWN]}
    )

    assert diff.changed == ("ingressRuleIds",)


def test_an_explicit_provider_is_for_the_region_of_the_lab(provider):
    with refused("aws-region-mismatch", ProviderError):
        provider.check("pulumi:providers:aws", {"region": "us-east-1"})


def test_a_configuration_that_the_lab_would_not_heed_is_refused(provider):
    with refused("aws-setting-not-served", ProviderError):
        provider.check("pulumi:providers:aws", {"region": REGION, "assumeRoles": "[]"})


def test_the_configuration_of_a_stack_names_the_tags_to_leave_alone(endpoint, stack, ec2):
    provider = AwsProvider(endpoint, REGION)
    vpc = stack.make(samples.VPC, cidrBlock="10.9.0.0/16", tags={"a": "1"})
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "podnet:settled", "Value": "overlay"}])

    def tags():
        return provider.read(samples.VPC, vpc.id, vpc.inputs, vpc.outputs)[0]["tags"]

    assert tags() == {"a": "1", "podnet:settled": "overlay"}
    provider.configure(
        {"aws:region": REGION, "podnet:x": "y", "aws:ignoreTags": '{"keys": ["podnet:settled"]}'}
    )
    assert tags() == {"a": "1"}
    changed = {**vpc.inputs, "tags": {"a": "2"}}
    provider.update(samples.VPC, vpc.id, vpc.inputs, vpc.outputs, changed)
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc.id]}])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "2", "podnet:settled": "overlay"}


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"aws:region": "us-east-1"}, "aws-region-mismatch"),
        ({"aws:profile": "mine"}, "aws-setting-not-served"),
        ({"aws:ignoreTags": '{"keyPrefixes": ["x"]}'}, "aws-ignore-tags-malformed"),
    ],
    ids=["region", "profile", "prefixes"],
)
def test_a_stack_may_not_configure_what_the_lab_would_not_heed(endpoint, config, rule):
    with refused(rule, ProviderError):
        AwsProvider(endpoint, REGION).configure(config)


def test_a_refusal_of_the_api_is_reported_in_its_words(provider):
    inputs = provider.check(samples.SUBNET, {"vpcId": "vpc-0", "cidrBlock": "10.0.0.0/24"})

    with refused("aws-call-refused", ProviderError) as caught:
        provider.create(samples.SUBNET, inputs, "0" * 32, "one")
    assert "InvalidVpcID.NotFound: " in str(caught.value)


def test_an_api_that_is_not_there_is_named():
    dead = AwsProvider("http://127.0.0.1:9", REGION)

    with refused("lab-api-unreachable", ProviderError) as caught:
        dead.read(samples.VPC, "vpc-1", {}, {})

    assert "127.0.0.1:9" in str(caught.value)


def test_the_users_own_aws_set_up_is_not_read(monkeypatch, tmp_path, endpoint):
    (tmp_path / "config").write_text("[profile mine]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    result = AwsProvider(endpoint, REGION).invoke(
        "aws:index/getAvailabilityZones:getAvailabilityZones", {}
    )

    assert result["names"][0] == f"{REGION}a"


def test_what_is_known_by_more_than_its_id_is_not_read_by_the_id_alone(provider):
    with refused("aws-read-needs-key", ProviderError) as caught:
        provider.read(samples.ROUTE, "r-rtb-1", {}, {})
    assert "destinationCidrBlock, routeTableId" in str(caught.value)


def test_an_explicit_provider_ignores_the_tags_that_it_names(provider, stack):
    made = stack.make(samples.VPC, cidrBlock="10.7.0.0/16", tags={"a": "1", "b": "2"})
    under = provider.with_configuration("pulumi:providers:aws", {"ignoreTags": '{"keys": ["b"]}'})

    assert under.read(made.type, made.id, {}, {})[1]["tags"] == {"a": "1"}
    assert made.read()[1]["tags"] == {"a": "1", "b": "2"}


def test_another_configuration_of_an_explicit_provider_is_an_update(provider):
    diff = provider.diff(
        "pulumi:providers:aws", "", {"region": REGION}, {}, {"region": REGION, "ignoreTags": "{}"}
    )

    assert (diff.changed, diff.replaces) == (("ignoreTags",), ())
