"""moto, prepared for the lab; the only module that imports it.

moto reads some of its settings as it is imported, so all others get it through this module.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from typing import Any

from podnet.lab.clients import partition
from podnet.lab.images import catalogue

MANAGED_POLICIES = ("AmazonSSMManagedInstanceCore",)
"""AWS's own policies that exist in the lab; moto takes seconds to read all 1,500."""

KEY_REASON = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
"""Why an instance with an unusable key ended."""

KNOWN_REGION = "eu-central-1"
"""Region whose instance types are offered where moto knows of none."""

# moto wants a file; this one is in memory, and stays open as long as this process.
_IMAGES = os.memfd_create("images")
os.write(_IMAGES, catalogue.api_list().encode())
os.environ["MOTO_AMIS_PATH"] = f"/proc/self/fd/{_IMAGES}"
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.backends import get_backend  # noqa: E402  # after its settings
from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.ec2.exceptions import EC2ClientError  # noqa: E402
from moto.ec2.models.amis import Ami  # noqa: E402
from moto.ec2.models.availability_zones_and_regions import (  # noqa: E402
    RegionsAndZonesBackend,
)
from moto.ec2.models.elastic_network_interfaces import NetworkInterface  # noqa: E402
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS as OFFERINGS  # noqa: E402
from moto.ec2.models.instances import InstanceBackend, StateReason  # noqa: E402
from moto.ec2.models.security_groups import SecurityGroupBackend  # noqa: E402
from moto.ec2.models.subnets import Subnet  # noqa: E402
from moto.iam import models as iam_models  # noqa: E402
from moto.iam.access_control import IAMPolicy, IAMRequest, PermissionResult  # noqa: E402
from moto.iam.exceptions import NotFoundException  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    create_backend_app,
)

# moto parses this text when IAM is first called.
_POLICIES = json.loads(iam_models.aws_managed_policies_data)  # type: ignore[attr-defined]
iam_models.aws_managed_policies_data = json.dumps(  # type: ignore[attr-defined]
    {name: _POLICIES[name] for name in MANAGED_POLICIES}
)


def _offer_everywhere() -> None:
    """Offer the types of one region in every zone of those of which moto knows no offers.

    These are the regions of China and GovCloud, among others.
    """
    by_region, by_zone = OFFERINGS["region"], OFFERINGS["availability-zone"]
    kinds = [each["InstanceType"] for each in by_region[KNOWN_REGION]]
    for region, zones in RegionsAndZonesBackend.zones.items():
        if region not in by_region:
            by_region[region] = _offers("region", kinds, [region])
            by_zone[region] = _offers("availability-zone", kinds, [each.name for each in zones])


def _offers(place: str, kinds: list[str], locations: list[str]) -> list[dict[str, str]]:
    return [
        {"InstanceType": kind, "LocationType": place, "Location": location}
        for kind in kinds
        for location in locations
    ]


_offer_everywhere()


def _free_address(subnet: Subnet) -> str:
    """An address that AWS chooses: the first free one that no reservation keeps.

    VPC User Guide, "Subnet CIDR reservations": AWS assigns none of those. moto itself chooses at
    random, or one that was in use before it was reserved.
    """
    kept = [reservation.cidr for reservation in subnet._cidr_reservations]  # noqa: SLF001
    taken = {*subnet._subnet_ips}  # noqa: SLF001
    for interface in subnet.ec2_backend.enis.values():
        if interface.subnet.id == subnet.id:
            taken |= {each["PrivateIpAddress"] for each in interface.private_ip_addresses}
    for address in subnet.cidr.hosts():
        is_kept = address in subnet.aws_reserved_ips or any(address in each for each in kept)
        if not is_kept and str(address) not in taken:
            return str(address)
    raise EC2ClientError(
        "InsufficientFreeAddressesInSubnet",
        "The specified subnet does not have enough free addresses to satisfy the request: "
        f"{subnet.id}",
    )


def _of_instance(subnet: Subnet, instance: Any) -> str:  # noqa: ANN401  # as moto has it
    address = _free_address(subnet)
    subnet._subnet_ips[address] = instance  # noqa: SLF001
    return address


def _interface(  # as moto has it
    self: NetworkInterface,
    ec2_backend: Any,  # noqa: ANN401
    subnet: Any,  # noqa: ANN401
    private_ip_address: Any,  # noqa: ANN401
    private_ip_addresses: Any = None,  # noqa: ANN401
    *more: Any,  # noqa: ANN401
    **named: Any,  # noqa: ANN401
) -> None:
    if not private_ip_address and not private_ip_addresses:
        place = ec2_backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
        private_ip_address = _free_address(place)
    _moto_interface(
        self, ec2_backend, subnet, private_ip_address, private_ip_addresses, *more, **named
    )


def _volumes(self: Ami) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _moto_volumes(self)
    for each in found:
        each["Ebs"]["VolumeSize"] = catalogue.ROOT_GIB
    return found


_moto_volumes = vars(Ami)["block_device_mappings"].fget
Ami.block_device_mappings = property(_volumes)  # type: ignore[assignment,method-assign]


def _is_key(keys: Any, name: str) -> bool:  # noqa: ANN401  # as moto has it
    """Whether KMS has a key with this id, ARN or alias."""
    name = keys.get_alias_name(name)
    if name.startswith("alias/"):
        return keys.get_key_id_from_alias(name) is not None
    return keys.get_key_id(name) in keys.keys


def _run_instances(self: Any, *words: Any, **named: Any) -> Any:  # noqa: ANN401  # as moto has it
    """Launch, and end at once what has a volume with a key that KMS does not know.

    EC2 checks keys later than it answers (EC2 API Reference, EbsBlockDevice, `KmsKeyId`); the state
    and reason of the instance are those in CiscoDevNet/cloud-cml#8.
    """
    reservation = _moto_run_instances(self, *words, **named)
    keys = get_backend("kms")[self.account_id][self.region_name]
    for instance in reservation.instances:
        devices = [device for _, device in instance.get_block_device_mapping]
        wanted = {self.volumes[device.volume_id].kms_key_id for device in devices} - {None}
        if not all(_is_key(keys, each) for each in wanted):
            instance.terminate()
            instance.state_reason = StateReason(KEY_REASON, KEY_REASON.partition(": ")[0])
    return reservation


def _arn_of_subnet(self: Subnet) -> str:
    """The ARN in the partition of the region; moto writes that of `aws` everywhere."""
    region = self.ec2_backend.region_name
    return f"arn:{partition(region)}:ec2:{region}:{self.owner_id}:subnet/{self.id}"


def _modify_rules(self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:  # noqa: ANN401
    """Change rules, also the group that one refers to, which moto leaves as it was.

    A rule for addresses does not become one for a group, nor the other way round (VPC User Guide,
    "Configure security group rules": the type of the source cannot be changed).
    """
    group = self.get_security_group_by_name_or_id(group_id)
    for id_, rule in rules.items():
        before, peer = group and group.get_rule(id_), rule.get("ReferencedGroupId")
        if before and bool(before.source_group) != bool(peer):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Invalid rule type for security group rule '{id_}'. You may not specify another "
                "type of source or destination for an existing rule.",
            )
        if peer:
            self._add_source_group([{"GroupId": peer}], None)  # raises where there is none
    _moto_modify_rules(self, group_id, rules)
    for id_, rule in rules.items():
        if peer := rule.get("ReferencedGroupId"):
            changed = group.get_rule(id_)
            changed.source_group = {**changed.source_group, "GroupId": peer}


_moto_modify_rules = SecurityGroupBackend.modify_security_group_rules
SecurityGroupBackend.modify_security_group_rules = _modify_rules  # type: ignore[method-assign]
_moto_run_instances = InstanceBackend.run_instances
InstanceBackend.run_instances = _run_instances  # type: ignore[method-assign]
Subnet.arn = property(_arn_of_subnet)  # type: ignore[assignment,method-assign]
_moto_interface = NetworkInterface.__init__
NetworkInterface.__init__ = _interface  # type: ignore[method-assign]
Subnet.get_available_subnet_ip = _of_instance  # type: ignore[method-assign,assignment]

__all__ = [
    "DEFAULT_ACCOUNT_ID",
    "IAMPolicy",
    "IAMRequest",
    "NotFoundException",
    "PermissionResult",
    "application",
    "states_of",
    "trust_of",
]


def application() -> DomainDispatcherApplication:
    """A WSGI application with the state of one AWS account."""
    return DomainDispatcherApplication(create_backend_app)


def states_of(service: str, region: str) -> tuple[MutableMapping[str, Any], str]:
    """The states of a service by place, and the place of a region."""
    # IAM has one state for all regions of a partition.
    place = partition(region) if service == "iam" else region
    states: MutableMapping[str, Any] = get_backend(service)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
    return states, place


def trust_of(role_arn: str, region: str) -> dict[str, Any] | None:
    """Who may act in a role, as its trust policy says it; None where there is no such role."""
    states, place = states_of("iam", region)
    for role in states[place].roles.values():
        if role.arn == role_arn:
            found: dict[str, Any] = json.loads(role.assume_role_policy_document)
            return found
    return None
