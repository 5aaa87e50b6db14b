"""The AWS provider of the lab: the resource types that podnet uses, on an API on loopback."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from lab.aws import configuration, groups, iam, instance, network, routes, rules, ssm
from lab.aws.base import Resource
from lab.aws.functions import FUNCTIONS, SECRET
from lab.aws.session import Session, error_code
from lab.engine.detail import changed
from lab.engine.values import Diff, ProviderError, Values

TYPES: dict[str, type[Resource]] = {
    kind.type_: kind
    for kind in (
        network.Vpc,
        network.Subnet,
        network.InternetGateway,
        network.Tag,
        routes.RouteTable,
        routes.Route,
        routes.RouteTableAssociation,
        groups.SecurityGroup,
        groups.DefaultSecurityGroup,
        groups.VpcSecurityGroupRulesExclusive,
        rules.SecurityGroupIngressRule,
        rules.SecurityGroupEgressRule,
        iam.Role,
        iam.RolePolicy,
        iam.RolePolicyAttachment,
        iam.InstanceProfile,
        instance.Instance,
        ssm.Parameter,
    )
}
"""Every resource type served, by its Pulumi token."""


class AwsProvider:
    """Serves the AWS resource types of podnet from an API on this machine.

    It does as the AWS provider does, as far as podnet uses that, and refuses the rest by name.
    `patience` is how many seconds it waits for an instance, or for the API to let go of something.
    """

    def __init__(
        self,
        endpoint: str,
        region: str,
        *,
        ignored_tags: Collection[str] = (),
        patience: float = 120,
    ) -> None:
        self._session = Session(endpoint, region, ignored_tags, patience)
        self._resources = {token: kind(self._session) for token, kind in TYPES.items()}

    def configure(self, config: Mapping[str, str]) -> None:
        """Take over what the stack says of this provider; refuses what the lab does not serve."""
        own = {
            key.removeprefix("aws:"): value
            for key, value in config.items()
            if key.startswith("aws:")
        }
        given = configuration.check(own, self._session.region)
        self._session.ignored_tags = configuration.ignored_tags(given.get("ignoreTags"))

    def under(self, type_: str, given: Values) -> AwsProvider:
        """A provider of the same lab that ignores the tags which this configuration names."""
        del type_
        session = self._session
        return AwsProvider(
            session.endpoint,
            session.region,
            patience=session.patience,
            ignored_tags=configuration.ignored_tags(given.get("ignoreTags")),
        )

    def secret(self, token: str) -> frozenset[str]:
        """What of a resource type, or of a function's answer, is always secret."""
        if token in TYPES:
            return frozenset(TYPES[token].schema.secret)
        return SECRET.get(token, frozenset())

    def check(self, type_: str, inputs: Values) -> Values:
        """The inputs with defaults; `ProviderError` for what is unknown, missing or wrong."""
        if type_ == configuration.TYPE:
            return configuration.check(inputs, self._session.region)
        return self._resource(type_).check(inputs)

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Diff:
        """What differs, and whether a new resource must take the place of the old one."""
        del id_, old_outputs
        if type_ == configuration.TYPE:
            return Diff(changed(old_inputs, new_inputs))
        return self._resource(type_).diff(old_inputs, new_inputs)

    def create(self, type_: str, inputs: Values, token: str) -> tuple[str, Values]:
        """Make the resource, stamped with the token, and wait until it is there."""
        with _told():
            return self._resource(type_).create(inputs, token)

    def find(self, type_: str, inputs: Values, token: str) -> tuple[str, Values] | None:
        """The resource that a creation with this token made, if it came that far."""
        with _told():
            return self._resource(type_).find(inputs, token)

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """Inputs and outputs as they are; None when the resource is gone."""
        with _told(id_):
            return self._resource(type_).read(id_, inputs, outputs)

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Values:
        """Bring the resource to the new inputs, from whatever it is now."""
        with _told(id_):
            return self._resource(type_).update(id_, {**old_outputs, **old_inputs}, new_inputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """Remove the resource and wait until it is gone."""
        with _told(id_):
            self._resource(type_).delete(id_, outputs)

    def invoke(self, token: str, args: Values) -> Values:
        """Call a function."""
        if token not in FUNCTIONS:
            raise ProviderError(
                f"the lab does not serve the function {token}; it serves {_listed(FUNCTIONS)}"
            )
        with _told():
            return FUNCTIONS[token](self._session, args)

    def _resource(self, type_: str) -> Resource:
        if type_ not in self._resources:
            raise ProviderError(
                f"the lab does not serve the resource type {type_}; it serves {_listed(TYPES)}"
            )
        return self._resources[type_]


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


@contextmanager
def _told(id_: str = "") -> Iterator[None]:
    """Put what the API refused into a sentence; the engines add which resource it is about."""
    about = f"{id_}: " if id_ else ""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {}).get("Message", "")
        raise ProviderError(
            f"{about}{error.operation_name} was refused: {error_code(error)}: {told}"
        ) from error
    except BotoCoreError as error:
        raise ProviderError(f"{about}{error}") from error
