"""Every input that is refused, with its whole message."""

from __future__ import annotations

import pytest

from plan.settings import PARSERS, Settings, SettingsError

BAD = {
    "pod range overlaps the VPC": (
        {"podCidr": "192.168.0.0/16"},
        (
            "podnet:vpcCidr 192.168.1.0/24 overlaps podCidr 192.168.0.0/16; "
            "choose ranges that share no address"
        ),
    ),
    "pod range overlaps the service range": (
        {"podCidr": "10.96.0.0/16"},
        (
            "podnet:podCidr 10.96.0.0/16 overlaps serviceCidr 10.96.0.0/12; "
            "choose ranges that share no address"
        ),
    ),
    "VPC overlaps the service range": (
        {"serviceCidr": "192.168.0.0/16"},
        (
            "podnet:vpcCidr 192.168.1.0/24 overlaps serviceCidr 192.168.0.0/16; "
            "choose ranges that share no address"
        ),
    ),
    "range of no hosts": (
        {"podCidr": "224.0.0.0/8"},
        (
            "podnet:podCidr 224.0.0.0/8 overlaps 224.0.0.0/3, which no network of hosts can use; "
            "choose a private range, as in 10.0.0.0/8"
        ),
    ),
    "link-local range": (
        {"vpcCidr": "169.254.0.0/16", "podCidr": "10.0.0.0/10", "podBlockPrefix": "26"},
        (
            "podnet:vpcCidr 169.254.0.0/16 overlaps 169.254.0.0/16, which no network of hosts can "
            "use; choose a private range, as in 10.0.0.0/8"
        ),
    ),
    "pod range too small": (
        {"podCidr": "10.1.0.0/20"},
        (
            "podnet:podCidr 10.1.0.0/20 holds 16 /24 blocks, but the 256 addresses of vpcCidr "
            "192.168.1.0/24 need one each: use a larger pod range, a longer podBlockPrefix or a "
            "smaller VPC"
        ),
    ),
    "block larger than the pod range": (
        {"podBlockPrefix": "15"},
        "podnet:podBlockPrefix 15 must lie between the /16 of podCidr 10.1.0.0/16 and /29",
    ),
    "block smaller than /29": (
        {"podBlockPrefix": "30"},
        "podnet:podBlockPrefix 30 must lie between the /16 of podCidr 10.1.0.0/16 and /29",
    ),
    "more nodes than addresses": (
        {"nodeCount": "245"},
        (
            "podnet:nodeCount 245 is more than the 244 node addresses of vpcCidr 192.168.1.0/24: "
            "node 245 would be 192.168.1.255, one of the five that AWS reserves in 192.168.1.0/24 "
            "(the first four and the last); use at most 244 nodes or a larger VPC"
        ),
    ),
    "a node at a reserved address of a zone": (
        {"nodeCount": "13", "zones": "3", "vpcCidr": "192.168.1.0/26"},
        (
            "podnet:nodeCount 13 is more than the 12 node addresses of vpcCidr 192.168.1.0/26: "
            "node 13 would be 192.168.1.15, one of the five that AWS reserves in 192.168.1.0/28 "
            "(the first four and the last); use at most 12 nodes or a larger VPC"
        ),
    ),
    "VPC larger than /16": (
        {"vpcCidr": "172.16.0.0/15", "podCidr": "10.0.0.0/10", "podBlockPrefix": "27"},
        "podnet:vpcCidr 172.16.0.0/15 is a /15; AWS takes a VPC from /16 to /28",
    ),
    "VPC smaller than /28": (
        {"vpcCidr": "192.168.1.0/29"},
        "podnet:vpcCidr 192.168.1.0/29 is a /29; AWS takes a VPC from /16 to /28",
    ),
    "VPC of one address, cut for zones": (
        {"vpcCidr": "192.168.1.0/32", "zones": "3"},
        "podnet:vpcCidr 192.168.1.0/32 is a /32; AWS takes a VPC from /16 to /28",
    ),
    "subnets smaller than /28": (
        {"vpcCidr": "192.168.1.0/28", "zones": "2"},
        (
            "podnet:vpcCidr 192.168.1.0/28 cut for 2 zones gives /29 subnets; AWS takes none "
            "smaller than /28: use a larger VPC or fewer zones"
        ),
    ),
    "no zone": ({"zones": "0"}, "podnet:zones must be 1 to 3, got 0"),
    "more zones than three": ({"zones": "100"}, "podnet:zones must be 1 to 3, got 100"),
    "unknown routing": (
        {"routing": "vpc-route"},
        "podnet:routing 'vpc-route' is unknown; known: vpc-routes, host-gw, overlay, l2, flannel",
    ),
    "no node": ({"nodeCount": "0"}, "podnet:nodeCount must be at least 1, got 0"),
    "less than no node": ({"nodeCount": "-2"}, "podnet:nodeCount must be at least 1, got -2"),
    "not a number": (
        {"nodeCount": "two"},
        "podnet:nodeCount 'two' is not a whole number of at most nine digits",
    ),
    "a fraction": (
        {"nodeCount": "2.5"},
        "podnet:nodeCount '2.5' is not a whole number of at most nine digits",
    ),
    "not a range": (
        {"vpcCidr": "192.168.1"},
        "podnet:vpcCidr '192.168.1' is not an IPv4 range; write it like 10.1.0.0/16",
    ),
    "no prefix length": (
        {"podCidr": "10.1.2.3"},
        "podnet:podCidr '10.1.2.3' has no prefix length; add one, as in 10.1.0.0/16",
    ),
    "host bits": (
        {"podCidr": "10.1.2.3/16"},
        "podnet:podCidr '10.1.2.3/16' has host bits set; the range is 10.1.0.0/16",
    ),
    "a mask": (
        {"podCidr": "10.1.0.0/255.255.0.0"},
        "podnet:podCidr '10.1.0.0/255.255.0.0' is not in CIDR form; write it 10.1.0.0/16",
    ),
    "IPv6": (
        {"podCidr": "fd00::/64"},
        "podnet:podCidr 'fd00::/64' is IPv6; podnet routes IPv4 pods, give an IPv4 range",
    ),
    "IPv6 in a list": (
        {"adminCidrs": '["::/0"]'},
        "podnet:adminCidrs '::/0' is IPv6; podnet routes IPv4 pods, give an IPv4 range",
    ),
    "misspelt key": (
        {"nodecount": "3"},
        "podnet:nodecount is not a setting of podnet; did you mean podnet:nodeCount?",
    ),
    "unknown key": (
        {"xyz": "3"},
        ("podnet:xyz is not a setting of podnet; known: " + ", ".join(PARSERS)),
    ),
    "SSH from everywhere": (
        {"adminCidrs": '["0.0.0.0/0"]'},
        (
            "podnet:adminCidrs '0.0.0.0/0' opens SSH to the whole internet; name the ranges you "
            "connect from, none wider than a /8, or use Session Manager"
        ),
    ),
    "SSH from half of everywhere": (
        {"adminCidrs": '["128.0.0.0/1", "0.0.0.0/1"]'},
        (
            "podnet:adminCidrs '128.0.0.0/1' opens SSH to much of the internet; name the ranges "
            "you connect from, none wider than a /8, or use Session Manager"
        ),
    ),
    "one range instead of a list": (
        {"adminCidrs": "203.0.113.0/24"},
        (
            "podnet:adminCidrs '203.0.113.0/24' is not a list of ranges; "
            "write it like [203.0.113.0/24]"
        ),
    ),
    "a list of numbers": (
        {"adminCidrs": "[1]"},
        "podnet:adminCidrs '[1]' is not a list of ranges; write it like [203.0.113.0/24]",
    ),
    "host bits in a list": (
        {"adminCidrs": '["203.0.113.7/24"]'},
        "podnet:adminCidrs '203.0.113.7/24' has host bits set; the range is 203.0.113.0/24",
    ),
    "not a map": (
        {"tags": "team"},
        (
            "podnet:tags 'team' is not a map of text to text; write it like {team: network}, "
            "numbers in quotes"
        ),
    ),
    "a number as a tag": (
        {"tags": '{"cost": 42}'},
        (
            "podnet:tags '{\"cost\": 42}' is not a map of text to text; write it like "
            "{team: network}, numbers in quotes"
        ),
    ),
    "a tag of AWS": (
        {"tags": '{"AWS:team": "a"}'},
        "podnet:tags 'AWS:team': AWS keeps keys that begin with aws: to itself",
    ),
    "a tag of podnet": (
        {"tags": '{"podnet:node": "a"}'},
        "podnet:tags 'podnet:node': podnet sets this key itself; choose another",
    ),
    "a name": (
        {"tags": '{"Name": "a"}'},
        "podnet:tags 'Name': podnet sets this key itself; choose another",
    ),
    "a tag the metadata service cannot show": (
        {"tags": '{"cost/centre": "a"}'},
        (
            "podnet:tags 'cost/centre': nodes read their tags from the metadata service, which "
            "takes letters, digits and + - = . _ : @ in a key"
        ),
    ),
    "a tag no role can have": (
        {"tags": '{"team": "a*"}'},
        (
            "podnet:tags 'team': 'a*' holds more than AWS takes in the tags of a role: letters, "
            "digits, spaces and + - = . _ : / @"
        ),
    ),
    "an empty tag key": (
        {"tags": '{"": "a"}'},
        "podnet:tags '': a key has 1 to 128 characters, a value at most 256",
    ),
    "more tags than AWS takes": (
        {"tags": "{" + ", ".join(f'"t{number}": ""' for number in range(45)) + "}"},
        "podnet:tags has 45 tags; AWS takes 50 a resource and podnet sets six",
    ),
    "neither true nor false": (
        {"sessionManager": "yes"},
        "podnet:sessionManager 'yes' is neither true nor false",
    ),
    "not an instance type": (
        {"instanceType": "small"},
        "podnet:instanceType 'small' is not an instance type; write it like t3.small",
    ),
    "not an image": (
        {"imageId": "debian-12"},
        (
            "podnet:imageId 'debian-12' is not an image id; write it like ami-0123456789abcdef0, "
            "or leave it out for the newest Debian 12"
        ),
    ),
}


@pytest.mark.parametrize(("values", "problem"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem_told(values, problem):
    with pytest.raises(SettingsError) as caught:
        Settings.from_config({f"podnet:{name}": value for name, value in values.items()})

    assert caught.value.problems == [problem]
