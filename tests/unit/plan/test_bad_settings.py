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
    "more nodes than addresses": ({"nodeCount": "245"}, "node-count-above-addresses"),
    "a node at a reserved address of a zone": (
        {"nodeCount": "13", "zones": "3", "vpcCidr": "192.168.1.0/26"},
        "node-count-above-addresses",
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
    "subnets smaller than /28": ({"vpcCidr": "192.168.1.0/28", "zones": "2"}, "subnet-too-small"),
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
    "IPv6 in a list": ({"adminCidrs": '["::/0"]'}, "cidr-ipv6"),
    "misspelt key": ({"nodecount": "3"}, "setting-unknown"),
    "unknown key": ({"xyz": "3"}, "setting-unknown"),
    "SSH from everywhere": ({"adminCidrs": '["0.0.0.0/0"]'}, "admin-cidr-too-wide"),
    "SSH from half of everywhere": (
        {"adminCidrs": '["128.0.0.0/1", "0.0.0.0/1"]'},
        "admin-cidr-too-wide",
    ),
    "one range instead of a list": ({"adminCidrs": "203.0.113.0/24"}, "cidrs-not-a-list"),
    "a list of numbers": ({"adminCidrs": "[1]"}, "cidrs-not-a-list"),
    "host bits in a list": ({"adminCidrs": '["203.0.113.7/24"]'}, "cidr-host-bits"),
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
    "neither true nor false": ({"sessionManager": "yes"}, "boolean-unreadable"),
    "not an instance type": ({"instanceType": "small"}, "instance-type-form"),
    "not an image": ({"imageId": "debian-12"}, "image-id-form"),
    "no name of a key": ({"keyName": "mine "}, "key-name-form"),
    "a key of letters no key has": ({"keyName": "schlüssel"}, "key-name-form"),
    "a wait shorter than two polls": ({"switchWaitSeconds": "4"}, "switch-wait-range"),
    "a wait of hours": ({"switchWaitSeconds": "601"}, "switch-wait-range"),
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
    assert problem.text.startswith("aws:defaultTags ")


@pytest.mark.parametrize(
    "text",
    ['{"tags": {"team": "a"}}', '{"tags": {"n": 1}}', "{}", "", "no JSON", '{"tags": []}'],
)
def test_other_default_tags_are_left_to_the_provider(text):
    assert config.load({"aws:defaultTags": text}) == Settings()
