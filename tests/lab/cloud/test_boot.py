"""An instance's boot: its address, names and metadata, and the access it needs as a node."""

from __future__ import annotations

import json

import pytest

from podnet.lab.cloud import lifecycle

pytestmark = pytest.mark.lab

ASK = """
import json, sys, urllib.error, urllib.request
BASE = "http://169.254.169.254/latest/"
def ask(path, method="GET", headers={}):
    request = urllib.request.Request(BASE + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code
token = ask("api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
headers = {"X-aws-ec2-metadata-token": token} if sys.argv[1] == "token" else {}
print(json.dumps([ask(path, headers=headers) for path in sys.argv[2:]]))
"""
# The name of the error of a look-up; a server that does not answer leads to EAI_AGAIN.
RESOLVE = """
import socket, sys
try:
    print(socket.getaddrinfo(sys.argv[1], None))
except socket.gaierror as error:
    print(next(name for name in dir(socket)
        if name.startswith("EAI_") and getattr(socket, name) == error.errno))
"""
# Packets that bring data from the metadata service, as they come off the wire.
SNIFF = """
import json, socket, urllib.request
raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(0x0800))
raw.settimeout(5)
urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token",
    method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})).read()
while True:
    packet, (_, _, kind, _, _) = raw.recvfrom(65535)
    head = (packet[0] & 15) * 4
    data = int.from_bytes(packet[2:4], "big") - head - (packet[head + 12] >> 4) * 4
    if kind != socket.PACKET_OUTGOING and packet[12:16] == bytes([169, 254, 169, 254]) and data:
        print(packet[8])
        break
"""


def ask(node, *paths, token=True):
    return json.loads(node.run("python3", "-c", ASK, "token" if token else "none", *paths))


def test_an_instance_runs_the_user_data_it_was_launched_with(cloud):
    for name in ("node-1", "node-2"):
        node = cloud.booted(name)
        status = node.run("cloud-init", "status", "--long")

        assert "status: done" in status
        assert "DataSourceEc2" in status
        assert (node.root / "root/ran").read_text() == "once\n"
        assert node.run("systemctl", "list-units", "--failed", "--no-legend") == ""


def test_dhcp_gives_the_address_of_the_interface_and_the_mtu_of_a_vpc(cloud):
    node = cloud.booted("node-2")
    link = json.loads(node.run("ip", "-j", "address", "show", "dev", "eth0"))[0]
    routes = json.loads(node.run("ip", "-j", "route", "show", "default"))

    assert link["mtu"] == 9001
    assert [
        (item["local"], item["prefixlen"]) for item in link["addr_info"] if item["family"] == "inet"
    ] == [("172.20.4.12", 24)]
    assert [(route["gateway"], route["dev"]) for route in routes] == [("172.20.4.1", "eth0")]


def test_an_instance_is_known_by_name_and_unknown_names_are_denied(cloud):
    node = cloud.booted("node-1")
    other = node.run(
        "getent", "ahostsv4", f"ip-172-20-4-12.{cloud.ec2.meta.region_name}.compute.internal"
    )
    denied = node.run("python3", "-c", RESOLVE, "nobody.example.com")

    assert node.run("hostname").strip() == "ip-172-20-4-11"
    assert other.split()[0] == "172.20.4.12"
    assert denied == "EAI_NONAME\n"


def test_metadata_wants_a_token(cloud):
    node = cloud.booted("node-1")

    assert ask(node, "meta-data/instance-id", token=False) == [401]
    assert ask(node, "meta-data/instance-id") == [node.instance_id]


def test_metadata_describes_each_instance_to_itself(cloud):
    for name, address in (("node-1", "172.20.4.11"), ("node-2", "172.20.4.12")):
        node = cloud.booted(name)
        mac = (node.root / "sys/class/net/eth0/address").read_text().strip()

        assert ask(
            node,
            "meta-data/instance-id",
            "meta-data/local-ipv4",
            "meta-data/public-ipv4",
            "meta-data/mac",
            f"meta-data/network/interfaces/macs/{mac}/local-ipv4s",
            "meta-data/placement/availability-zone",
            "meta-data/nothing",
        ) == [
            node.instance_id,
            address,
            str(node.public_address),
            mac,
            address,
            "eu-central-1a",
            404,
        ]


def test_metadata_names_the_role_of_an_instance_that_has_one(cloud):
    with_role, without = cloud.booted("node-1"), cloud.booted("node-2")
    info, roles, credentials = ask(
        with_role,
        "meta-data/iam/info",
        "meta-data/iam/security-credentials/",
        "meta-data/iam/security-credentials/node",
    )

    assert json.loads(info)["InstanceProfileArn"].endswith(":instance-profile/node")
    assert (roles, json.loads(credentials)["Code"]) == ("node", "Success")
    assert ask(without, "meta-data/iam/info") == [404]


def test_a_changed_tag_shows_in_the_metadata_once_it_is_applied(cloud):
    node = cloud.booted("node-1")
    path = "meta-data/tags/instance/podnet:mode"
    assert ask(node, path) == [404]
    cloud.ec2.create_tags(
        Resources=[node.instance_id], Tags=[{"Key": "podnet:mode", "Value": "overlay"}]
    )
    lifecycle.wait_until_applied(cloud.home)

    assert ask(node, path, "meta-data/tags/instance/") == ["overlay", "podnet:mode\npodnet:node"]
    cloud.ec2.delete_tags(Resources=[node.instance_id], Tags=[{"Key": "podnet:mode"}])
    lifecycle.wait_until_applied(cloud.home)
    assert ask(node, path) == [404]


def test_metadata_packets_carry_the_hop_limit_of_the_instance(cloud):
    node = cloud.booted("node-2")
    seen = [node.run("python3", "-c", SNIFF).strip()]
    for hops in (2, 1):
        cloud.ec2.modify_instance_metadata_options(
            InstanceId=node.instance_id, HttpPutResponseHopLimit=hops
        )
        lifecycle.wait_until_applied(cloud.home)
        seen.append(node.run("python3", "-c", SNIFF).strip())

    assert seen == ["1", "2", "1"]


def test_an_instance_may_do_what_the_network_of_a_node_needs(cloud):
    node = cloud.booted("node-1")
    script = """set -e
        sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
        nft add table inet probe; nft delete table inet probe
        iptables -w -t nat -N PROBE; iptables -w -t nat -X PROBE
        ip link add kube-probe type bridge
        ip netns add probe
        ip link add veth-probe type veth peer name eth0 netns probe
        ip link set veth-probe master kube-probe
        ip netns exec probe ip link set eth0 mtu 8951
        ip link add vxlan-probe type vxlan id 1 dstport 8472 local 172.20.4.11
        ip link delete vxlan-probe; ip netns delete probe; ip link delete kube-probe
        test -x /usr/lib/cni/bridge -a -x /usr/lib/cni/host-local
        echo all of it"""

    assert node.run("sh", "-c", script) == "all of it\n"
