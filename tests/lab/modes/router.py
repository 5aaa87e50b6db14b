"""A host of the VPC that is no node, and a network behind it."""

import socket
from functools import partial
from pathlib import Path

from podnet.lab.cloud import lifecycle
from podnet.lab.cloud.fabric import Fabric
from podnet.system.commands import run
from podnet.system.netns import inside

FAR, HOST = "172.20.0.0/16", "172.20.0.9"


class Router:
    """A host of the VPC that forwards for others: an interface without the check, and its table."""

    def __init__(self, lab):
        self.lab = lab
        (self.subnet,) = lab.outputs["subnetIds"].values()
        (self.table,) = lab.outputs["routeTableIds"].values()
        group = lab.ec2.create_security_group(
            GroupName="router", Description="router", VpcId=lab.outputs["vpcId"]
        )["GroupId"]
        lab.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        )
        self.group = group
        self.interface = lab.ec2.create_network_interface(
            SubnetId=self.subnet, PrivateIpAddress="192.168.1.200", Groups=[group]
        )["NetworkInterface"]["NetworkInterfaceId"]
        lab.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=self.interface, SourceDestCheck={"Value": False}
        )
        lifecycle.wait_until_applied(lab.home)
        self.namespace = Fabric(lab.home).port(self.interface)
        for line in (
            "link set lo up",
            "link set eth0 up",
            "address add 192.168.1.200/24 dev eth0",
            f"address add {HOST}/32 dev lo",
            "route add default via 192.168.1.1",
        ):
            self.ip(line)

    def ip(self, line):
        run("ip", "-n", self.namespace, *line.split())

    def add_route(self):
        self.lab.ec2.create_route(
            RouteTableId=self.table, DestinationCidrBlock=FAR, NetworkInterfaceId=self.interface
        )
        lifecycle.wait_until_applied(self.lab.home)

    def delete(self):
        if FAR in self.lab.pod_routes():
            self.lab.ec2.delete_route(RouteTableId=self.table, DestinationCidrBlock=FAR)
        self.lab.ec2.delete_network_interface(NetworkInterfaceId=self.interface)
        self.lab.ec2.delete_security_group(GroupId=self.group)

    def sees(self, pod):
        """The address under which the host sees a pod, and whether the pod hears its answer."""
        udp = partial(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        with inside(Path("/run/netns", self.namespace), udp) as far, inside(pod.netns, udp) as near:
            far.bind((HOST, 0))
            far.settimeout(1)
            near.settimeout(1)
            near.sendto(b"?", far.getsockname())
            try:
                _, source = far.recvfrom(9)
                far.sendto(b"!", source)
                return source[0], near.recv(9) == b"!"
            except TimeoutError:
                return None
