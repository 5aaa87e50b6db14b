"""VPCs that pages are about."""

from ipaddress import IPv4Network

from tests.unit.verify.broken import Paper


def paper(**settings):
    return Paper.of(**{"node_count": 3} | settings)


def broken():
    return paper().route("10.1.2.0/24", "eni-gone").eni("node-3", source_dest_check=True)


def large(nodes):
    return Paper.of(
        vpc_cidr=IPv4Network("172.16.0.0/20"),
        subnet_prefix=22,
        node_range_prefix=22,
        pod_cidr=IPv4Network("10.0.0.0/8"),
        zones=3,
        node_count=(-(-nodes // 3), -(-(nodes - 1) // 3), nodes // 3),
    )
