"""Instances: a network interface that EC2 makes, a root volume, and what can change in place."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from ipaddress import IPv4Address

from botocore.exceptions import WaiterError  # type: ignore[import-untyped]

from podnet.lab.providers.aws.base import Attempt, Block
from podnet.lab.providers.aws.ec2 import launch, user_data
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.ec2.volume import RootVolume
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import POLL
from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Value, Values

COMPUTED = frozenset(
    {
        "associatePublicIpAddress",
        "availabilityZone",
        "disableApiTermination",
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
"""Properties that EC2 chooses where the program does not."""

ENDED = ("shutting-down", "terminated")
# A profile that was made a moment ago may not be known yet where instances are made.
NOT_YET_KNOWN = frozenset({"InvalidIamInstanceProfile.NotFound"})


class Instance(Ec2Resource):
    """An instance with one network interface."""

    type_ = "aws:ec2/instance:Instance"
    kind = "instance"
    listing = ("describe_instances", "InstanceIds", "Reservations", "InstanceId")
    schema = Schema(
        required={"ami", "instanceType", "subnetId"},
        optional=COMPUTED | {"sourceDestCheck", "tags", "userDataReplaceOnChange"},
        defaults={"sourceDestCheck": True, "userDataReplaceOnChange": False},
        computed=COMPUTED,
        replaced_by={
            "ami",
            "associatePublicIpAddress",
            "availabilityZone",
            "keyName",
            "privateIp",
            "subnetId",
        },
        unordered={"vpcSecurityGroupIds"},
        read_back={"sourceDestCheck"},
    )

    def validate(self, inputs: Values) -> None:
        user_data.check(inputs)
        for name, served in (
            ("metadataOptions", launch.METADATA.keys()),
            ("rootBlockDevice", RootVolume.served),
        ):
            block = inputs.get(name)
            for key in block.keys() - served if isinstance(block, dict) else ():
                raise ProviderError(
                    f"{name} of {self.type_} has no property {key} in the lab; "
                    f"served: {', '.join(sorted(served))}",
                    rule="aws-block-property-unknown",
                )
        address = inputs.get("privateIp")
        if address not in (None, UNKNOWN):
            try:
                IPv4Address(address)
            except ValueError as error:
                raise ProviderError(
                    f"privateIp {address!r} of {self.type_} is no address: {error}",
                    rule="aws-private-ip-malformed",
                ) from error

    def same(self, name: str, old: Value, new: Value) -> bool:
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
            replaced |= user_data.NAMES & set(changed)
        if "rootBlockDevice" in changed and RootVolume.replaces(
            old.get("rootBlockDevice") or {}, new["rootBlockDevice"]
        ):
            replaced.add("rootBlockDevice")
        return replaced

    def importable(self, live: Values) -> Values:
        """As of any type, with the root volume."""
        found = super().importable(live)
        if root := found.get("rootBlockDevice"):
            found["rootBlockDevice"] = RootVolume.importable(root)
        return found

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        request: Values = {
            "ImageId": inputs["ami"],
            "InstanceType": inputs["instanceType"],
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": attempt.token,
            "NetworkInterfaces": [launch.interface(inputs)],
            **self.tagging(inputs),
        }
        if (data := user_data.raw(inputs)) is not None:
            request["UserData"] = data  # boto3 encodes it
        if inputs.get("disableApiTermination") is not None:
            request["DisableApiTermination"] = inputs["disableApiTermination"]
        if inputs.get("keyName"):
            request["KeyName"] = inputs["keyName"]
        if inputs.get("availabilityZone"):
            request["Placement"] = {"AvailabilityZone": inputs["availabilityZone"]}
        if inputs.get("iamInstanceProfile"):
            request["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
        if inputs.get("metadataOptions"):
            request["MetadataOptions"] = launch.metadata(inputs["metadataOptions"])
        if inputs.get("rootBlockDevice"):
            request["BlockDeviceMappings"] = [
                RootVolume(self.ec2).mapping(inputs["ami"], inputs["rootBlockDevice"])
            ]
        made = self.session.patiently(NOT_YET_KNOWN, lambda: self.ec2.run_instances(**request))
        return str(made["Instances"][0]["InstanceId"])

    def _items(self, described: list[Values]) -> list[Values]:
        return [one for reservation in described for one in reservation["Instances"]]

    def describe(self, id_: str, known: Values) -> Values | None:
        instance = self.fetch(id_)
        # One that is shutting down is still there (ec2_instance.go, findInstanceByID).
        if instance is None or instance["State"]["Name"] == "terminated":
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
        locked = self.ec2.describe_instance_attribute(
            InstanceId=id_, Attribute="disableApiTermination"
        )["DisableApiTermination"]
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
            "sourceDestCheck": instance["SourceDestCheck"],
            "disableApiTermination": locked.get("Value", False),
            "vpcSecurityGroupIds": sorted(group["GroupId"] for group in primary["Groups"]),
            **user_data.live(encoded, known),
            "metadataOptions": Block(
                {name: options.get(key) for name, key in launch.METADATA.items()}
            ),
            "rootBlockDevice": RootVolume(self.ec2).describe(instance, self.session),
            "tags": self.session.read_tags(instance.get("Tags", [])),
        }

    def created(self, id_: str, inputs: Values) -> Values:
        """A launch that EC2 ended says why (ec2_instance.go, waitInstanceCreated)."""
        instance = self.fetch(id_) or {}
        state = instance.get("State", {}).get("Name")
        if state in ENDED:
            raise ProviderError(
                f"waiting for EC2 Instance ({id_}) create: unexpected state {state!r}, wanted "
                f"target 'running'. last error: {instance['StateReason']['Message']}",
                rule="aws-instance-ended",
            )
        return super().created(id_, inputs)

    def update(self, id_: str, known: Values, inputs: Values) -> Values:
        """Change what differs from the state; the check is not set again where that has it so.

        A creation that failed before it set the check leaves it so: the next deployment reads that
        it is on, and only the one after sets it.
        """
        live = self._live(id_, known)
        if known.get("sourceDestCheck") == inputs["sourceDestCheck"]:
            live = {**live, "sourceDestCheck": inputs["sourceDestCheck"]}
        self.reconcile(id_, inputs, live)
        return self._outputs(inputs, self._live(id_, {**known, **inputs}))

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        if live["instanceState"] == "pending":
            self._wait(id_, "instance_running")
        # In the order of the real provider: only a running instance gets these.
        if (root := inputs.get("rootBlockDevice")) is not None:
            RootVolume(self.ec2).reconcile(id_, root, live["rootBlockDevice"])
        self._reconcile_interface(live["primaryNetworkInterfaceId"], id_, inputs, live)
        options = inputs.get("metadataOptions")
        if options is not None and not self.same(
            "metadataOptions", live["metadataOptions"], options
        ):
            # moto forgets the options that a change does not name.
            self.ec2.modify_instance_metadata_options(
                InstanceId=id_, **launch.metadata({**live["metadataOptions"], **options})
            )
        if (profile := inputs.get("iamInstanceProfile")) and profile != live["iamInstanceProfile"]:
            self._set_profile(id_, profile)
        self._reconcile_stopped(id_, inputs, live)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def _reconcile_interface(self, interface: str, id_: str, inputs: Values, live: Values) -> None:
        if inputs["sourceDestCheck"] != live["sourceDestCheck"]:
            wanted = {"Value": inputs["sourceDestCheck"]}
            self.ec2.modify_instance_attribute(InstanceId=id_, SourceDestCheck=wanted)
        locked = inputs.get("disableApiTermination")
        if locked is not None and locked != live["disableApiTermination"]:
            self.ec2.modify_instance_attribute(
                InstanceId=id_, DisableApiTermination={"Value": locked}
            )
        groups = inputs.get("vpcSecurityGroupIds")
        if groups and sorted(groups) != live["vpcSecurityGroupIds"]:
            self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)

    def _reconcile_stopped(self, id_: str, inputs: Values, live: Values) -> None:
        """Apply changes that need a stopped instance: its type, and its user data."""
        changes: list[Values] = []
        if inputs["instanceType"] != live["instanceType"]:
            changes.append({"InstanceType": {"Value": inputs["instanceType"]}})
        for name in user_data.NAMES:
            if inputs.get(name) not in (None, live[name]):
                encoded = b64encode(user_data.raw(inputs) or b"").decode()
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

    def delete_call(self, id_: str, known: Values) -> None:
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
                f"{self.session.patience:g} s: {error}",
                rule="aws-instance-wait-timed-out",
            ) from error
