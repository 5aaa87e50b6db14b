"""Corrects moto where AWS does more: defaults before a call, side effects and answers after it."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import Call
from podnet.lab.images.catalogue import ROOT_GIB

NAMED = {"tcp", "6", "udp", "17", "icmp", "1", "icmpv6", "58", "-1"}
"""Protocols that EC2 names, or has no ports for already."""
SPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
RUNNING = ("pending", "running")


def fill_defaults(call: Call) -> Call:
    """The call with the defaults that moto would leave out."""
    if call.action == "RunInstances":
        return _launch(call)
    parameters = dict(call.parameters)
    if call.action == "DescribeInstances":
        for name, value in call.parameters.items():
            if value == "instance-lifecycle":
                # The lab launches on demand alone, which has no lifecycle; moto lacks the filter.
                parameters[name] = "instance-id"
    if call.action == "CreateFlowLogs" and not call.get("LogGroupName"):
        # EC2 shows both (EC2 API Reference, FlowLog); moto looks for a group by its name alone.
        group = re.fullmatch(r"arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)", _destination(call))
        parameters |= {"LogGroupName": group[1]} if group else {}
    for name, value in call.parameters.items():
        # Rules for other protocols are for all packets, whatever ports they name (EC2 API
        # Reference, `IpPermission`), and the answer says -1; moto wants ports.
        if name.endswith(".IpProtocol") and value not in NAMED:
            rule = name.removesuffix("IpProtocol")
            parameters |= {f"{rule}FromPort": "-1", f"{rule}ToPort": "-1"}
    # moto decodes this form twice, and takes the other one.
    if call.action == "ModifyInstanceAttribute" and (data := parameters.pop("UserData.Value", "")):
        return replace(call, parameters={**parameters, "Attribute": "userData", "Value": data})
    return replace(call, parameters=parameters)


def _destination(call: Call) -> str:
    return call.get("LogDestination") or ""


def apply_side_effects(call: Call, ec2: Client) -> None:
    """Do what this call also does on AWS."""
    value = call.get("SourceDestCheck.Value")
    if value is None:
        return
    # One attribute on AWS, stored twice by moto: on the instance and on its first interface.
    check = {"Value": value == "true"}
    if call.action == "ModifyInstanceAttribute":
        found = ec2.describe_instances(InstanceIds=[call.get("InstanceId")])
        for eni in found["Reservations"][0]["Instances"][0]["NetworkInterfaces"]:
            ec2.modify_network_interface_attribute(
                NetworkInterfaceId=eni["NetworkInterfaceId"], SourceDestCheck=check
            )
    elif call.action == "ModifyNetworkInterfaceAttribute":
        found = ec2.describe_network_interfaces(
            NetworkInterfaceIds=[call.get("NetworkInterfaceId")]
        )["NetworkInterfaces"][0]
        attachment = found.get("Attachment", {})
        if attachment.get("DeviceIndex") == 0 and "InstanceId" in attachment:
            ec2.modify_instance_attribute(
                InstanceId=attachment["InstanceId"], SourceDestCheck=check
            )


def rewrite_answer(call: Call, body: bytes, ec2: Client) -> bytes:
    """The answer as AWS gives it: a route whose target does not exist is a blackhole."""
    if call.action != "DescribeRouteTables" or not re.search(b">(eni|igw)-", body):
        return body
    live = _live_targets(ec2)
    ET.register_namespace("", SPACE)
    root = ET.fromstring(body)  # noqa: S314  # moto's own answer
    for route in root.iter(f"{{{SPACE}}}item"):
        state = route.find(f"{{{SPACE}}}state")
        targets = [
            route.findtext(f"{{{SPACE}}}{name}") for name in ("networkInterfaceId", "gatewayId")
        ]
        target = next((one for one in targets if one and one.startswith(("eni-", "igw-"))), None)
        if state is not None and target and target not in live:
            state.text = "blackhole"
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _live_targets(ec2: Client) -> set[str]:
    stopped = {
        instance["InstanceId"]
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in RUNNING
    }
    live = {
        eni["NetworkInterfaceId"]
        for eni in ec2.describe_network_interfaces()["NetworkInterfaces"]
        if eni["Status"] == "in-use" and eni["Attachment"].get("InstanceId") not in stopped
    }
    return live | {
        gateway["InternetGatewayId"]
        for gateway in ec2.describe_internet_gateways()["InternetGateways"]
        if gateway["Attachments"]
    }


def _launch(call: Call) -> Call:
    """A launch's new interface is deleted with the instance, and carries its own groups.

    moto keeps it, and its address, unless the call says otherwise; and groups that stand beside
    the interface stay on the instance for ever.
    """
    parameters = dict(call.parameters)
    if not call.items("NetworkInterface"):
        parameters["NetworkInterface.1.DeviceIndex"] = "0"
        for name in ("SubnetId", "PrivateIpAddress"):
            if value := parameters.pop(name, None):
                parameters[f"NetworkInterface.1.{name}"] = value
        for number, group in enumerate(call.values_of("SecurityGroupId"), start=1):
            del parameters[f"SecurityGroupId.{number}"]
            parameters[f"NetworkInterface.1.SecurityGroupId.{number}"] = group
    for name in list(parameters):
        new_interface = re.fullmatch(r"(NetworkInterface\.\d+)\.DeviceIndex", name)
        if new_interface and f"{new_interface[1]}.NetworkInterfaceId" not in parameters:
            parameters.setdefault(f"{new_interface[1]}.DeleteOnTermination", "true")
        # The size of a root volume is its image's where the call names none.
        volume = re.match(r"(BlockDeviceMapping\.\d+\.Ebs)\.", name)
        if volume and f"{volume[1]}.SnapshotId" not in parameters:
            parameters.setdefault(f"{volume[1]}.VolumeSize", str(ROOT_GIB))
    return replace(call, parameters=parameters)
