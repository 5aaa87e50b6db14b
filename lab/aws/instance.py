"""Instances: a network interface that EC2 makes, a root volume, and what can change in place."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection
from ipaddress import IPv4Address
from typing import Any

from botocore.exceptions import WaiterError  # type: ignore[import-untyped]

from lab.aws.base import Block, Ec2Resource, Schema
from lab.aws.session import POLL
from lab.aws.volume import RootVolume
from lab.engine.values import UNKNOWN, ProviderError, Values

MOST_USER_DATA = 16_384  # bytes before encoding (EC2 User Guide, "User data")
GOING = frozenset({"shutting-down", "terminated"})
METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}
CHOSEN = frozenset(
    {
        "associatePublicIpAddress",
        "availabilityZone",
        "iamInstanceProfile",
        "keyName",
        "metadataOptions",
        "privateIp",
        "rootBlockDevice",
        "userData",
        "userDataBase64",
        "vpcSecurityGroupIds",
    }
)
"""What EC2 chooses where the program does not."""

USER_DATA = frozenset({"userData", "userDataBase64"})
"""Text, or bytes in base64: one of the two."""

# A profile that was made a moment ago may not be known yet where instances are made.
NOT_YET_KNOWN = frozenset({"InvalidIamInstanceProfile.NotFound"})


class Instance(Ec2Resource):
    """An instance with one network interface."""

    type_ = "aws:ec2/instance:Instance"
    kind = "instance"
    listing = ("describe_instances", "InstanceIds", "Reservations", "InstanceId")
    schema = Schema(
        required={"ami", "instanceType", "subnetId"},
        optional=CHOSEN | {"sourceDestCheck", "tags", "userDataReplaceOnChange"},
        defaults={"sourceDestCheck": True, "userDataReplaceOnChange": False},
        computed=CHOSEN,
        replaced_by={
            "ami",
            "associatePublicIpAddress",
            "availabilityZone",
            "keyName",
            "privateIp",
            "subnetId",
        },
        unordered={"vpcSecurityGroupIds"},
    )

    def validate(self, inputs: Values) -> None:
        _check_user_data(inputs)
        for name, served in (
            ("metadataOptions", METADATA.keys()),
            ("rootBlockDevice", RootVolume.served),
        ):
            block = inputs.get(name)
            for key in block.keys() - served if isinstance(block, dict) else ():
                raise ProviderError(
                    f"{name} of {self.type_} has no property {key} in the lab; "
                    f"served: {', '.join(sorted(served))}"
                )
        address = inputs.get("privateIp")
        if address not in (None, UNKNOWN):
            try:
                IPv4Address(address)
            except ValueError as error:
                raise ProviderError(
                    f"privateIp {address!r} of {self.type_} is no address: {error}"
                ) from error

    def same(self, name: str, old: Any, new: Any) -> bool:  # noqa: ANN401
        if (
            name in {"metadataOptions", "rootBlockDevice"}
            and isinstance(old, dict)
            and isinstance(new, dict)
        ):
            # Parts that the program gives no more stay as they are, all but tags.
            return all(old.get(key) == value for key, value in new.items()) and (
                old.get("tags") or {}
            ) == (new.get("tags") or {})
        return super().same(name, old, new)

    def replacing(self, old: Values, new: Values, changed: Collection[str]) -> set[str]:
        replaced = super().replacing(old, new, changed)
        if new.get("userDataReplaceOnChange"):
            replaced |= USER_DATA & set(changed)
        if "rootBlockDevice" in changed and RootVolume.replaces(
            old.get("rootBlockDevice") or {}, new["rootBlockDevice"]
        ):
            replaced.add("rootBlockDevice")
        return replaced

    def make(self, inputs: Values, token: str) -> str:
        request: Values = {
            "ImageId": inputs["ami"],
            "InstanceType": inputs["instanceType"],
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": token,
            "NetworkInterfaces": [_interface(inputs)],
            "TagSpecifications": self.stamp(inputs, token),
        }
        if (data := _user_data(inputs)) is not None:
            request["UserData"] = data  # boto3 encodes it
        if inputs.get("keyName"):
            request["KeyName"] = inputs["keyName"]
        if inputs.get("availabilityZone"):
            request["Placement"] = {"AvailabilityZone": inputs["availabilityZone"]}
        if inputs.get("iamInstanceProfile"):
            request["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
        if inputs.get("metadataOptions"):
            request["MetadataOptions"] = _metadata(inputs["metadataOptions"])
        if inputs.get("rootBlockDevice"):
            request["BlockDeviceMappings"] = [
                RootVolume(self.ec2).mapping(inputs["ami"], inputs["rootBlockDevice"])
            ]
        made = self.session.patiently(NOT_YET_KNOWN, lambda: self.ec2.run_instances(**request))
        return str(made["Instances"][0]["InstanceId"])

    def _items(self, described: list[Values]) -> list[Values]:
        return [one for reservation in described for one in reservation["Instances"]]

    def look(self, id_: str, known: Values) -> Values | None:
        instance = self.fetch(id_)
        if instance is None or instance["State"]["Name"] in GOING:
            return None
        interfaces = sorted(
            instance["NetworkInterfaces"], key=lambda one: int(one["Attachment"]["DeviceIndex"])
        )
        primary = interfaces[0]
        public = primary.get("Association", {})
        options = instance.get("MetadataOptions", {})
        profile = instance.get("IamInstanceProfile", {}).get("Arn")
        data = self.ec2.describe_instance_attribute(InstanceId=id_, Attribute="userData")
        encoded = data.get("UserData", {}).get("Value")
        return {
            "arn": self.arn(id_, primary["OwnerId"]),
            "ami": instance["ImageId"],
            "instanceType": instance["InstanceType"],
            "instanceState": instance["State"]["Name"],
            "availabilityZone": instance["Placement"]["AvailabilityZone"],
            "keyName": instance.get("KeyName"),
            "subnetId": primary["SubnetId"],
            "iamInstanceProfile": profile.rpartition("/")[2] if profile else None,
            "primaryNetworkInterfaceId": primary["NetworkInterfaceId"],
            "privateIp": primary["PrivateIpAddress"],
            "privateDns": instance["PrivateDnsName"],
            "publicIp": public.get("PublicIp") or "",
            "publicDns": instance.get("PublicDnsName") or "",
            "associatePublicIpAddress": bool(public.get("PublicIp")),
            # moto keeps one on the instance and one on the interface; the packets see the latter.
            "sourceDestCheck": primary["SourceDestCheck"],
            "vpcSecurityGroupIds": sorted(group["GroupId"] for group in primary["Groups"]),
            **_told_user_data(encoded, known),
            "metadataOptions": Block({name: options.get(key) for name, key in METADATA.items()}),
            "rootBlockDevice": RootVolume(self.ec2).look(instance, self.session),
            "tags": self.session.read_tags(instance.get("Tags", [])),
        }

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        if live["instanceState"] == "pending":
            self._wait(id_, "instance_running")
        self._bring_interface(live["primaryNetworkInterfaceId"], id_, inputs, live)
        options = inputs.get("metadataOptions")
        if options is not None and not self.same(
            "metadataOptions", live["metadataOptions"], options
        ):
            # moto forgets the options that a change does not name.
            self.ec2.modify_instance_metadata_options(
                InstanceId=id_, **_metadata({**live["metadataOptions"], **options})
            )
        if (profile := inputs.get("iamInstanceProfile")) and profile != live["iamInstanceProfile"]:
            self._set_profile(id_, profile)
        if (root := inputs.get("rootBlockDevice")) is not None:
            RootVolume(self.ec2).bring(id_, root, live["rootBlockDevice"])
        self._bring_stopped(id_, inputs, live)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def _bring_interface(self, interface: str, id_: str, inputs: Values, live: Values) -> None:
        if inputs["sourceDestCheck"] != live["sourceDestCheck"]:
            wanted = {"Value": inputs["sourceDestCheck"]}
            self.ec2.modify_instance_attribute(InstanceId=id_, SourceDestCheck=wanted)
            # The same attribute on AWS; moto does not carry it over to the interface.
            self.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface, SourceDestCheck=wanted
            )
        groups = inputs.get("vpcSecurityGroupIds")
        if groups and sorted(groups) != live["vpcSecurityGroupIds"]:
            self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)

    def _bring_stopped(self, id_: str, inputs: Values, live: Values) -> None:
        """What only a stopped instance takes: its type, and its user data."""
        changes: list[Values] = []
        if inputs["instanceType"] != live["instanceType"]:
            changes.append({"InstanceType": {"Value": inputs["instanceType"]}})
        for name in USER_DATA:
            if inputs.get(name) not in (None, live[name]):
                encoded = b64encode(_user_data(inputs) or b"").decode()
                changes.append({"Attribute": "userData", "Value": encoded})
        if not changes:
            return
        self.ec2.stop_instances(InstanceIds=[id_])
        self._wait(id_, "instance_stopped")
        for change in changes:  # the API takes one at a time
            self.ec2.modify_instance_attribute(InstanceId=id_, **change)
        self.ec2.start_instances(InstanceIds=[id_])
        self._wait(id_, "instance_running")

    def _set_profile(self, id_: str, profile: str) -> None:
        have = self.ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [id_]}]
        )["IamInstanceProfileAssociations"]
        for one in have:  # moto's replacing call leaves the instance as it was
            self.ec2.disassociate_iam_instance_profile(AssociationId=one["AssociationId"])
        self.ec2.associate_iam_instance_profile(
            InstanceId=id_, IamInstanceProfile={"Name": profile}
        )

    def remove(self, id_: str, known: Values) -> None:
        del known
        instance = self.fetch(id_)
        if instance is None or instance["State"]["Name"] == "terminated":
            return
        self.ec2.terminate_instances(InstanceIds=[id_])
        self._wait(id_, "instance_terminated")

    def _wait(self, id_: str, waiter: str) -> None:
        try:
            self.ec2.get_waiter(waiter).wait(
                InstanceIds=[id_],
                WaiterConfig={
                    "Delay": POLL,
                    "MaxAttempts": max(1, int(self.session.patience / POLL)),
                },
            )
        except WaiterError as error:
            raise ProviderError(
                f"instance {id_} did not come to {waiter.removeprefix('instance_')} within "
                f"{self.session.patience:g} s: {error}"
            ) from error


def _user_data(inputs: Values) -> bytes | None:
    text, encoded = inputs.get("userData"), inputs.get("userDataBase64")
    if encoded:
        return b64decode(encoded)
    return str(text).encode() if text else None


def _told_user_data(encoded: str | None, known: Values) -> Values:
    """User data in the way it was given; the API tells it in base64."""
    if known.get("userDataBase64"):
        return {"userData": None, "userDataBase64": encoded}
    text = b64decode(encoded).decode(errors="replace") if encoded else None
    return {"userData": text, "userDataBase64": None}


def _check_user_data(inputs: Values) -> None:
    given = {name for name in USER_DATA if inputs.get(name)}
    if UNKNOWN in (inputs.get(name) for name in given):
        return
    if len(given) > 1:
        raise ProviderError(
            f"{' and '.join(sorted(given))} are two ways to give the same; give one of them"
        )
    try:
        data = _user_data(inputs) or b""
    except ValueError as error:
        raise ProviderError(f"userDataBase64 is not base64: {error}") from error
    if len(data) > MOST_USER_DATA:
        raise ProviderError(
            f"{min(given)} of {len(data)} bytes; EC2 takes at most {MOST_USER_DATA}"
        )


def _interface(inputs: Values) -> Values:
    wanted: Values = {"DeviceIndex": 0, "SubnetId": inputs["subnetId"], "DeleteOnTermination": True}
    if inputs.get("privateIp"):
        wanted["PrivateIpAddress"] = inputs["privateIp"]
    if inputs.get("vpcSecurityGroupIds"):
        wanted["Groups"] = inputs["vpcSecurityGroupIds"]
    if inputs.get("associatePublicIpAddress") is not None:
        wanted["AssociatePublicIpAddress"] = inputs["associatePublicIpAddress"]
    return wanted


def _metadata(options: Values) -> Values:
    return {METADATA[name]: value for name, value in options.items() if value is not None}
