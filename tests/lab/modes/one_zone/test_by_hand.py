"""What somebody does to a live cluster by hand, and what must not come of it."""

import socket
import struct
import time
from functools import partial

import pytest

from podnet.lab.cloud.fabric import Fabric
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.stack.inventory import applied_routing
from podnet.plan.routing import RoutingMode
from podnet.system.commands import run
from podnet.system.netns import inside
from tests.lab.modes.checks import assign, assigned, followed
from tests.lab.modes.wire import Wire, expected

pytestmark = pytest.mark.lab

TWO_POLLS = 4.5


@pytest.fixture(scope="module")
def lab(lab):
    """In mode host-gw, which no node would be in by itself."""
    lab.change(routing=RoutingMode.HOST_GW)
    return lab


def said(node, words):
    """How often the agent of this node has said something."""
    return node.run("journalctl", "--unit=podnet-agent", "--output=cat").count(words)


def red_pairs(lab):
    return {pair for pair in lab.red() if "metadata" not in pair}


def test_an_unknown_word_in_the_tag_is_said_once_and_the_mode_kept(lab):
    node = lab.node("node-2")
    before = applied_routing(node)
    assign(lab, "pigeon-post", "node-2")
    time.sleep(TWO_POLLS)

    assert applied_routing(node) == before
    assert lab.red() == set()
    # Once in each life of the agent, of which the release of a new node ends one.
    assert said(node, "'pigeon-post' is unknown") in (1, 2)
    words = lab.podnet("status").split()  # the column breaks between the two
    assert {"assigned:", "pigeon-post"} <= {*words}

    lab.engine().refresh()
    repaired = lab.up()

    assert "update" in {step.op for step in repaired.changes}
    assert assigned(lab) == {node.name: before for node in lab.nodes}


@pytest.fixture
def no_metadata(lab):
    """The metadata service is dead for all nodes."""
    (vpc,) = {vpc["VpcId"] for vpc in lab.ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}
    namespace = Fabric(lab.home).vpc_namespace(vpc)
    run(
        "ip",
        "netns",
        "exec",
        namespace,
        "nft",
        "-f",
        "-",
        stdin=(
            "table inet deaf { chain input { type filter hook input priority -10;"
            " ip daddr 169.254.169.254 drop; }; }"
        ),
    )
    yield
    run("ip", "netns", "exec", namespace, "nft", "delete", "table", "inet", "deaf")


def test_a_dead_metadata_service_leaves_the_mode_as_it_was(lab, no_metadata):
    before = {node.name: applied_routing(node) for node in lab.nodes}
    lab.node("node-1").run("systemctl", "restart", "podnet-agent", timeout=20)
    # Every poll asks again; a minute would be more of the same (the agent's tests count polls).
    time.sleep(TWO_POLLS)

    assert {node.name: applied_routing(node) for node in lab.nodes} == before
    assert red_pairs(lab) == set()
    # An agent waits five seconds for an answer, and asks again before it says so.
    node, deadline = lab.node("node-2"), time.monotonic() + 20
    while not said(node, "the metadata service does not answer"):
        assert time.monotonic() < deadline, "the agent says nothing"
        time.sleep(0.5)
    assert said(node, "the metadata service does not answer") == 1


@pytest.fixture
def unmanaged_routes(lab):
    """A route in the pod range that is nobody's, on a node and in the VPC's table."""
    node = lab.node("node-3")
    (table,) = lab.outputs["routeTableIds"].values()
    (instance,) = lab.ec2.describe_instances(InstanceIds=[node.instance_id])["Reservations"]
    interface = instance["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    node.run("ip", "route", "add", "10.1.4.0/28", "via", "192.168.1.14")
    lab.ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="10.1.201.0/24", NetworkInterfaceId=interface
    )
    yield table, interface
    node.run("ip", "route", "delete", "10.1.4.0/28")
    lab.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.1.201.0/24")


def test_unmanaged_routes_in_the_pod_range_are_left_alone_and_reported(lab, unmanaged_routes):
    table, interface = unmanaged_routes
    time.sleep(TWO_POLLS)
    changes = lab.up().changes

    assert changes == ()
    assert "10.1.4.0/28" in lab.node("node-3").run("ip", "route", "show", "proto", "boot")
    assert "10.1.201.0/24" in lab.pod_routes()
    assert "10.1.4.0/28" in lab.node("node-3").run("journalctl", "--unit=podnet-agent", "-o", "cat")
    shown = lab.podnet("status").replace("\n", " ")
    assert "node-3: 10.1.4.0/28 via 192.168.1.14 dev eth0" in shown
    assert f"{table}: 10.1.201.0/24 to {interface}" in shown


def frame(lab, sender, receiver, port):
    """A datagram of a pod to a pod of another node, as it would be on the wire natively."""
    macs = {
        eni["PrivateIpAddress"]: bytes.fromhex(eni["MacAddress"].replace(":", ""))
        for eni in lab.ec2.describe_network_interfaces()["NetworkInterfaces"]
    }
    udp = struct.pack("!HHHH", 4242, port, 8 + 6, 0) + b"native"
    header = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(udp),
        1,
        0,
        64,
        17,
        0,
        sender.address.packed,
        receiver.address.packed,
    )
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    ends = macs[str(receiver.node.address)] + macs[str(sender.node.address)]
    return ends + b"\x08\x00" + header + udp


def arrives_natively(lab):
    """Whether a pod gets what is put on the wire for it, without the overlay."""
    sender = next(pod for pod in lab.pods if pod.name == "pod-1a")
    receiver = next(pod for pod in lab.pods if pod.name == "pod-2a")
    udp = inside(receiver.netns, partial(socket.socket, socket.AF_INET, socket.SOCK_DGRAM))
    wire = inside(sender.node.netns, partial(socket.socket, socket.AF_PACKET, socket.SOCK_RAW))
    with udp, wire:
        udp.bind((str(receiver.address), 0))
        udp.settimeout(1)
        wire.bind(("eth0", 0))
        wire.send(frame(lab, sender, receiver, udp.getsockname()[1]))
        try:
            return udp.recv(100) == b"native"
        except TimeoutError:
            return False


def test_in_overlay_a_native_packet_of_a_pod_is_not_accepted(lab):
    # As a proof that the frame is a good one: host-gw is just such frames.
    assert arrives_natively(lab)

    lab.change(routing=RoutingMode.OVERLAY)

    assert not arrives_natively(lab)


def test_another_vni_and_port_are_taken_up_by_nodes_and_firewall_alike(lab):
    numbers = ("-c", "vni=9", "-c", "vxlanPort=4789")
    lab.podnet("switch", "overlay", "--yes", "--engine", "embedded", *numbers)

    followed(lab)
    assert assigned(lab).keys() == {node.name for node in lab.nodes}
    assert set(assigned(lab).values()) == {"overlay zones=1 vni=9 port=4789"}
    with Wire(lab, port=4789) as wire:
        assert lab.red() == set()
    assert (wire.native, wire.wrapped) == expected(lab)


@pytest.fixture
def switched(lab):
    """One node of the VPC with the routing of plain switches in its tag."""
    lab.change(routing=RoutingMode.VPC_ROUTES, vni=1, vxlanPort=8472)
    before = assigned(lab)["node-2"]
    assign(lab, "l2-ethernet zones=1 vni=1 port=8472", "node-2")
    time.sleep(TWO_POLLS)
    node = lab.node("node-2")
    yield node
    assign(lab, before)
    followed(lab)
    # The routing is kept before the conflist has the range of the block again.
    deadline = time.monotonic() + 15
    while '"10.1.2.0/24"' not in node.run("cat", "/etc/cni/net.d/10-mynet.conflist"):
        assert time.monotonic() < deadline, "the conflist keeps the range of l2"
        time.sleep(0.2)
    # What l2 has of its own besides the uplink, the node has applied.
    lab.replace_pods("node-2")
    assert lab.red() == set()


def test_a_node_of_a_vpc_says_that_it_lacks_the_uplink_of_switches(switched):
    state = agent_state(switched)

    assert state is not None
    assert [problem for problem in state.problems if "this node lacks uplink.py" in problem]
