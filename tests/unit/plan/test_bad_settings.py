"""Every input that is refused, with its whole message."""

from __future__ import annotations

import json

import pytest

from podnet.plan import config
from podnet.plan.config import SettingsError
from podnet.plan.settings import Settings

BAD = {
    "pod range overlaps the VPC": ({"podCidr": "192.168.0.0/16"}, "ranges-overlap"),
    "pod range overlaps the service range": ({"podCidr": "10.96.0.0/16"}, "ranges-overlap"),
    "VPC overlaps the service range": ({"serviceCidr": "192.168.0.0/16"}, "ranges-overlap"),
    "range of no hosts": ({"podCidr": "224.0.0.0/8"}, "range-unusable"),
    "link-local range": (
        {"vpcCidr": "169.254.0.0/16", "podCidr": "10.0.0.0/10", "podBlockPrefix": "26"},
        "range-unusable",
    ),
    "pod range too small": ({"podCidr": "10.1.0.0/20"}, "pod-cidr-too-small"),
    "block larger than the pod range": ({"podBlockPrefix": "15"}, "block-prefix-range"),
    "block smaller than /29": ({"podBlockPrefix": "30"}, "block-prefix-range"),
    "pod range too small for the zones": (
        {"zones": "3", "nodeRangePrefix": "25"},
        "pod-cidr-too-small",
    ),
    "more nodes than addresses": ({"nodeCount": "54"}, "node-count-above-addresses"),
    "more nodes than addresses in one zone": (
        {"nodeCount": "[1, 54, 1]", "zones": "3"},
        "node-count-above-addresses",
    ),
    "a node at the last address of its subnet": (
        {"nodeCount": "245", "nodeRangePrefix": "24"},
        "node-count-above-addresses",
    ),
    "a count for too few zones": ({"nodeCount": "[2, 2]", "zones": "3"}, "node-count-per-zone"),
    "a count for too many zones": ({"nodeCount": "[2, 2]"}, "node-count-per-zone"),
    "a count for no zone": ({"nodeCount": "[]"}, "node-count-per-zone"),
    "a fraction in a list": ({"nodeCount": "[2.5]"}, "counts-not-a-list"),
    "a word in a list": ({"nodeCount": '["2"]'}, "counts-not-a-list"),
    "no node in zone a": ({"nodeCount": "[0, 2]", "zones": "2"}, "node-count-minimum-in-zone"),
    "less than no node in a zone": (
        {"nodeCount": "[2, -1]", "zones": "2"},
        "node-count-minimum-in-zone",
    ),
    "a node range larger than its subnet": ({"nodeRangePrefix": "23"}, "node-range-prefix-range"),
    "a node range larger than the subnet of a zone": (
        {"subnetPrefix": "27"},
        "node-range-prefix-range",
    ),
    "a node range smaller than any subnet": (
        {"nodeRangePrefix": "29"},
        "node-range-prefix-range",
    ),
    "node ranges larger than nodes have entries for": (
        {"vpcCidr": "172.16.0.0/20", "nodeRangePrefix": "21", "podCidr": "10.0.0.0/12"},
        "node-ranges-too-large",
    ),
    "subnets larger than the VPC": ({"subnetPrefix": "23"}, "subnet-prefix-range"),
    "a zone beside a VPC of 10.0.0.0/15": (
        {"zones": "2", "vpcCidr": "10.0.5.0/24"},
        "zone-range-restricted",
    ),
    "a zone in 172.31.0.0/16": (
        {"zones": "2", "vpcCidr": "172.30.255.0/24"},
        "zone-range-restricted",
    ),
    "a zone in 198.19.0.0/16": (
        {"zones": "2", "vpcCidr": "198.18.255.0/24"},
        "zone-range-restricted",
    ),
    "a zone that overlaps pods": (
        {"zones": "3", "vpcCidr": "10.63.254.0/24", "podCidr": "10.64.0.0/16"},
        "zone-overlaps",
    ),
    "a zone that overlaps Services": (
        {"zones": "2", "vpcCidr": "10.95.255.0/24"},
        "zone-overlaps",
    ),
    "VPC larger than /16": (
        {"vpcCidr": "172.16.0.0/15", "podCidr": "10.0.0.0/10", "podBlockPrefix": "27"},
        "vpc-cidr-size",
    ),
    "VPC smaller than /28": ({"vpcCidr": "192.168.1.0/29"}, "vpc-cidr-size"),
    "VPC of one address, cut for zones": (
        {"vpcCidr": "192.168.1.0/32", "zones": "3"},
        "vpc-cidr-size",
    ),
    "subnets smaller than /28": ({"subnetPrefix": "29"}, "subnet-prefix-range"),
    "no zone": ({"zones": "0"}, "zones-range"),
    "more zones than three": ({"zones": "100"}, "zones-range"),
    "unknown routing": ({"routing": "vpc-route"}, "choice-unknown"),
    "no node": ({"nodeCount": "0"}, "node-count-minimum"),
    "less than no node": ({"nodeCount": "-2"}, "node-count-minimum"),
    "not a number": ({"nodeCount": "two"}, "integer-unreadable"),
    "a fraction": ({"nodeCount": "2.5"}, "integer-unreadable"),
    "not a range": ({"vpcCidr": "192.168.1"}, "cidr-unreadable"),
    "no prefix length": ({"podCidr": "10.1.2.3"}, "cidr-without-prefix"),
    "host bits": ({"podCidr": "10.1.2.3/16"}, "cidr-host-bits"),
    "a mask": ({"podCidr": "10.1.0.0/255.255.0.0"}, "cidr-form"),
    "IPv6": ({"podCidr": "fd00::/64"}, "cidr-ipv6"),
    "IPv6 in a list": ({"sshCidrs": '["::/0"]'}, "cidr-ipv6"),
    "misspelt key": ({"nodecount": "3"}, "setting-unknown"),
    "unknown key": ({"xyz": "3"}, "setting-unknown"),
    "SSH from everywhere": ({"sshCidrs": '["0.0.0.0/0"]'}, "cidr-too-wide"),
    "SSH from half of everywhere": (
        {"sshCidrs": '["128.0.0.0/1", "0.0.0.0/1"]'},
        "cidr-too-wide",
    ),
    "one range instead of a list": ({"sshCidrs": "203.0.113.0/24"}, "cidrs-not-a-list"),
    "a list of numbers": ({"sshCidrs": "[1]"}, "cidrs-not-a-list"),
    "host bits in a list": ({"sshCidrs": '["203.0.113.7/24"]'}, "cidr-host-bits"),
    **{
        name: ({"rootVolume": value}, f"root-volume-{rule}")
        for name, value, rule in (
            ("a volume that is a number", "30", "form"),
            ("a misspelt property of a volume", '{"sizeGiB": 30}', "form"),
            ("a volume of text", '{"size": "30"}', "size"),
            ("a volume of nothing", '{"size": 0}', "size"),
            ("a volume of half a GiB", '{"size": 0.5}', "size"),
            ("a volume of yes", '{"size": true}', "size"),
            ("a volume too large", '{"size": 16385}', "size"),
            ("a volume that needs a rate", '{"type": "io2"}', "type"),
            ("a type that is a list", '{"type": []}', "type"),
            ("a key of no form", '{"kmsKeyId": "mine"}', "key"),
        )
    },
    "no ARN": ({"extraPolicies": '["AdministratorAccess"]'}, "list-of-ids-form"),
    "the ARN of a role": ({"extraPolicies": '["arn:aws:iam::1:role/x"]'}, "list-of-ids-form"),
    "more policies than fit": (
        {"extraPolicies": json.dumps([f"arn:aws:iam::aws:policy/{n}" for n in range(25)])},
        "list-of-ids-too-long",
    ),
    "the name of a group": ({"extraSecurityGroups": '["web"]'}, "list-of-ids-form"),
    "more groups than fit": (
        {"extraSecurityGroups": json.dumps([f"sg-{n:08x}" for n in range(16)])},
        "list-of-ids-too-long",
    ),
    "SSH without a key": ({"sshCidrs": '["203.0.113.0/24"]'}, "ssh-without-key"),
    "the API server of no cluster": ({"apiCidrs": '["203.0.113.0/24"]'}, "api-cidrs-need-cluster"),
    "the API server for all": (
        {"kubernetes": "kubeadm", "apiCidrs": '["0.0.0.0/0"]'},
        "cidr-too-wide",
    ),
    "one key instead of a list": ({"sshKeys": "ssh-ed25519 AAAA"}, "ssh-keys-not-a-list"),
    **{
        name: ({"sshKeys": json.dumps([key])}, "ssh-key-form")
        for name, key in {
            "a key without a type": "AAAAC3NzaC1lZDI1NTE5",
            "a key of a withdrawn type": "ssh-dss AAAAB3NzaC1kc3M=",
            "a key with options": 'command="sh" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==',
            "a key that is no base64": "ssh-ed25519 ????",
            "a key that is cut off": "ssh-ed25519 AAAAC3NzaC1lZDI1",
            "a key of another type": "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAAA==",
            "two lines": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA== me\nssh-rsa AAAA",
            "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
        }.items()
    },
    "not a map": ({"tags": "team"}, "tags-not-a-map"),
    "a number as a tag": ({"tags": '{"cost": 42}'}, "tags-not-a-map"),
    "a tag of AWS": ({"tags": '{"AWS:team": "a"}'}, "tag-of-aws"),
    "a tag of podnet": ({"tags": '{"podnet:node": "a"}'}, "tag-of-podnet"),
    "a name": ({"tags": '{"Name": "a"}'}, "tag-of-podnet"),
    "a tag the metadata service cannot show": (
        {"tags": '{"cost/centre": "a"}'},
        "tag-key-characters",
    ),
    "a tag no role can have": ({"tags": '{"team": "a*"}'}, "tag-value-characters"),
    "an empty tag key": ({"tags": '{"": "a"}'}, "tag-length"),
    "more tags than AWS takes": (
        {"tags": "{" + ", ".join(f'"t{number}": ""' for number in range(45)) + "}"},
        "tags-too-many",
    ),
    "flows of another kind": ({"flowLogs": "reject"}, "choice-unknown"),
    "records kept for ever": ({"flowLogRetentionDays": "0"}, "flow-log-retention-unknown"),
    "records kept for ten days": ({"flowLogRetentionDays": "10"}, "flow-log-retention-unknown"),
    "a retention in words": ({"flowLogRetentionDays": "1w"}, "integer-unreadable"),
    "neither true nor false": ({"sessionManager": "yes"}, "boolean-unreadable"),
    "one zone instead of a list": ({"zoneNames": "eu-central-1a"}, "zone-names-not-a-list"),
    "a letter instead of a zone": ({"zoneNames": '["a"]'}, "zone-names-not-a-list"),
    "a zone twice": (
        {"zones": "2", "zoneNames": '["eu-central-1a", "eu-central-1a"]'},
        "zone-names-twice",
    ),
    "more names than zones": (
        {"zoneNames": '["eu-central-1a", "eu-central-1b"]'},
        "zone-names-count",
    ),
    "fewer names than zones": (
        {"zones": "2", "zoneNames": '["us-gov-west-1a"]'},
        "zone-names-count",
    ),
    "not an instance type": ({"instanceType": "small"}, "instance-type-form"),
    "not an image": ({"imageId": "debian-12"}, "image-id-form"),
    "no name of a key": ({"keyName": "mine "}, "key-name-form"),
    "a key of letters no key has": ({"keyName": "schlüssel"}, "key-name-form"),
    "no patience with nodes": ({"settleTimeout": "9"}, "settle-timeout-range"),
    "endless patience with nodes": ({"settleTimeout": "3601"}, "settle-timeout-range"),
}
DEFAULT_TAGS = {
    "a slash, as the metadata service takes none": ({"cost/centre": "a"}, "tag-key-characters"),
    "a space": ({"cost centre": "a"}, "tag-key-characters"),
    "a key of podnet": ({"podnet:stack": "a"}, "tag-of-podnet"),
    "a value no role can have": ({"team": "a*"}, "tag-value-characters"),
    "more than AWS takes": (
        {f"t{number}": "" for number in range(44)},
        "tags-too-many-with-defaults",
    ),
}


@pytest.mark.parametrize(("values", "rule"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem(values, rule):
    with pytest.raises(SettingsError) as caught:
        config.load({f"podnet:{name}": value for name, value in values.items()})

    (problem,) = caught.value.problems
    assert problem.rule == rule
    assert all(name in problem.text for name in problem.about[:1])


@pytest.mark.parametrize(("tags", "rule"), DEFAULT_TAGS.values(), ids=DEFAULT_TAGS)
def test_default_tags_of_the_provider_are_refused_as_those_of_podnet(tags, rule):
    raw = {"aws:defaultTags": json.dumps({"tags": tags}), "podnet:tags": '{"mine": "b"}'}

    with pytest.raises(SettingsError) as caught:
        config.load(raw)

    (problem,) = caught.value.problems
    assert problem.rule == rule
    assert problem.text.startswith("aws:defaultTags")


@pytest.mark.parametrize(
    "text",
    ['{"tags": {"team": "a"}}', '{"tags": {"n": 1}}', "{}", "", "no JSON", '{"tags": []}'],
)
def test_other_default_tags_are_left_to_the_provider(text):
    assert config.load({"aws:defaultTags": text}) == Settings()


@pytest.mark.parametrize(
    "raw",
    [
        '{"tags": {"cost/centre": "a"}}',
        json.dumps({"tags": json.dumps({"cost/centre": "a"})}),
        '{"tags": {"team": "a", "cost/centre": 42}}',
        '{"tags": {"cost/centre": true}}',
    ],
    ids=["a map", "JSON in JSON", "a number among texts", "a boolean"],
)
def test_a_slash_in_a_default_tag_is_found_in_every_form(raw):
    with pytest.raises(SettingsError) as caught:
        config.load({"aws:defaultTags": raw})

    assert [each.rule for each in caught.value.problems] == ["tag-key-characters"]


def of_environment(environment, **raw):
    with pytest.raises(SettingsError) as caught:
        config.load({f"aws:{name}": value for name, value in raw.items()}, environment)
    return [(each.rule, each.text.split()[0]) for each in caught.value.problems]


@pytest.mark.parametrize(("tags", "rule"), DEFAULT_TAGS.values(), ids=DEFAULT_TAGS)
def test_default_tags_of_the_environment_are_refused_as_those_of_the_configuration(tags, rule):
    environment = {f"TF_AWS_DEFAULT_TAGS_{key}": value for key, value in tags.items()}
    if len(tags) > 1:
        environment["TF_AWS_DEFAULT_TAGS_more"] = "a"

    assert [each for each, _ in of_environment(environment)] == [rule]


def test_each_variable_is_named_and_counted_with_the_configuration():
    slashes = {f"TF_AWS_DEFAULT_TAGS_{key}": "a" for key in ("a/b", "c/d")}
    tags = json.dumps({"tags": {f"t{number}": "" for number in range(44)}})

    assert of_environment(slashes) == [("tag-key-characters", name) for name in slashes]
    assert of_environment({"TF_AWS_DEFAULT_TAGS_t44": "a"}, defaultTags=tags) == [
        ("tags-too-many-with-defaults", "aws:defaultTags,")
    ]
    assert config.load({"aws:defaultTags": tags}, {"TF_AWS_DEFAULT_TAGS_t1": "a"}) == Settings()


def test_other_variables_are_no_tags():
    environment = {"XTF_AWS_DEFAULT_TAGS_a/b": "c", "TF_AWS_DEFAULT_TAGS": "/", "PATH": "/bin"}

    assert config.load({}, environment) == Settings()
