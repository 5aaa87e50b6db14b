"""The AWS provider of the lab: the resource types that podnet uses, on an API on loopback."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from podnet.lab.providers.aws import configuration, iam, ssm
from podnet.lab.providers.aws.base import Attempt, Resource
from podnet.lab.providers.aws.ec2 import (
    address_ranges,
    instance,
    routes,
    security_group_rules,
    security_groups,
    vpc,
)
from podnet.lab.providers.aws.functions import FUNCTIONS, SECRET
from podnet.lab.providers.aws.logs import flow_log, log_group
from podnet.lab.providers.aws.session import Session, error_code
from podnet.lab.providers.differences import changed
from podnet.lab.providers.protocol import Created, Diff, ProviderError, Values

TYPES: dict[str, type[Resource]] = {
    kind.type_: kind
    for kind in (
        vpc.Vpc,
        vpc.Subnet,
        address_ranges.VpcIpv4CidrBlockAssociation,
        address_ranges.SubnetCidrReservation,
        vpc.InternetGateway,
        vpc.Tag,
        routes.RouteTable,
        routes.Route,
        routes.RouteTableAssociation,
        security_groups.SecurityGroup,
        security_groups.DefaultSecurityGroup,
        security_groups.VpcSecurityGroupRulesExclusive,
        security_group_rules.SecurityGroupIngressRule,
        security_group_rules.SecurityGroupEgressRule,
        iam.Role,
        iam.RolePolicy,
        iam.RolePolicyAttachment,
        iam.InstanceProfile,
        instance.Instance,
        ssm.Parameter,
        flow_log.FlowLog,
        log_group.LogGroup,
    )
}
"""Every resource type served, by its Pulumi token."""
PATIENCE = 120.0


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
        patience: float = PATIENCE,
    ) -> None:
        self._session = Session(endpoint, region, ignored_tags, patience)
        self._resources = {token: kind(self._session) for token, kind in TYPES.items()}

    def configure(self, config: Mapping[str, str]) -> None:
        """Take `aws:` settings from the stack's configuration; refuses those that the lab lacks."""
        own = {
            key.removeprefix("aws:"): value
            for key, value in config.items()
            if key.startswith("aws:")
        }
        given = configuration.check(own, self._session.region)
        self._session.ignored_tags = configuration.ignored_tags(given.get("ignoreTags"))

    def with_configuration(self, type_: str, given: Values) -> AwsProvider:
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
        """Properties of a resource type, or of a function's answer, that are always secret."""
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
        """Compare inputs; says which difference replaces the resource."""
        del id_
        if type_ == configuration.TYPE:
            return Diff(changed(old_inputs, new_inputs))
        return self._resource(type_).diff(old_inputs, new_inputs, old_outputs)

    def create(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values]:
        """Make the resource and wait until it is there."""
        resource = self._resource(type_)
        with _as_provider_error():
            id_ = resource.create_call(inputs, Attempt(token, name))
        try:
            with _as_provider_error(id_):
                return id_, resource.created(id_, inputs)
        except ProviderError as error:
            error.created = Created(id_, {**inputs, "region": self._session.region})
            raise

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """Inputs and outputs as they are; None when the resource is gone."""
        with _as_provider_error(id_):
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
        with _as_provider_error(id_):
            return self._resource(type_).update(id_, {**old_outputs, **old_inputs}, new_inputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """Remove the resource and wait until it is gone."""
        with _as_provider_error(id_):
            self._resource(type_).delete(id_, outputs)

    def invoke(self, token: str, args: Values) -> Values:
        """Call a function."""
        if token not in FUNCTIONS:
            raise ProviderError(
                f"the lab does not serve the function {token}; it serves {_listed(FUNCTIONS)}",
                rule="aws-function-not-served",
            )
        with _as_provider_error():
            answer = FUNCTIONS[token](self._session, args)
        # As the bridge of the real provider: what is null is left out.
        return {name: value for name, value in answer.items() if value is not None}

    def _resource(self, type_: str) -> Resource:
        if type_ not in self._resources:
            raise ProviderError(
                f"the lab does not serve the resource type {type_}; it serves {_listed(TYPES)}",
                rule="aws-resource-type-not-served",
            )
        return self._resources[type_]


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


@contextmanager
def _as_provider_error(id_: str = "") -> Iterator[None]:
    """Put what the API refused into a sentence; the engines add which resource it is about."""
    about = f"{id_}: " if id_ else ""
    try:
        yield
    except ClientError as error:
        text = error.response.get("Error", {}).get("Message", "")
        raise ProviderError(
            f"{about}{error.operation_name} was refused: {error_code(error)}: {text}",
            rule="aws-call-refused",
        ) from error
    except (BotoConnectionError, HTTPClientError) as error:
        raise ProviderError(
            f"{about}the lab's AWS API does not answer ({error}); `podnet status` shows whether "
            f"the lab is still up",
            rule="lab-api-unreachable",
        ) from error
    except BotoCoreError as error:
        raise ProviderError(f"{about}{error}", rule="aws-call-failed") from error
