"""Look-ups of network interfaces."""

from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples

ONE = "aws:ec2/getNetworkInterface:getNetworkInterface"
MANY = "aws:ec2/getNetworkInterfaces:getNetworkInterfaces"


def at(provider, vpc, address):
    filters = {"vpc-id": [vpc], "addresses.private-ip-address": [address, "192.168.1.99"]}
    asked = [{"name": name, "values": values} for name, values in filters.items()]
    return provider.invoke(MANY, {"filters": asked})["ids"]


def test_a_network_interface_is_looked_up_with_its_owner(provider, world, stack, ec2):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.44"))
    made = ec2.create_network_interface(
        SubnetId=world.subnet.id, PrivateIpAddress="192.168.1.45", Description="a printer"
    )
    loose = made["NetworkInterface"]["NetworkInterfaceId"]

    (attached,) = at(provider, world.vpc.id, "192.168.1.44")
    assert at(provider, world.vpc.id, "192.168.1.45") == [loose]
    assert at(provider, world.other_vpc.id, "192.168.1.44") == []
    found = provider.invoke(ONE, {"id": attached})
    assert (found["privateIp"], found["privateIps"]) == ("192.168.1.44", ["192.168.1.44"])
    assert [each["instanceId"] for each in found["attachments"]] == [node.id]
    other = provider.invoke(ONE, {"id": loose})
    assert (other["attachments"], other["description"]) == ([], "a printer")
    ec2.delete_network_interface(NetworkInterfaceId=loose)


def test_a_network_interface_that_is_not_there_is_an_error(provider):
    with refused("aws-call-refused", ProviderError):
        provider.invoke(ONE, {"id": "eni-00000000000000000"})
