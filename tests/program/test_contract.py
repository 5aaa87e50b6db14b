"""What holds of every component, and of all of them together."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re

import pulumi
import pulumi_aws as aws
import pytest

from podnet import components
from podnet.plan.cni import calico
from tests.program.every_component import COMPONENTS, TAGS, network

DEPLOYED_AS = {"ClusterParameters": "Cluster"}
"""Classes with another name than their token: a token of deployed resources never changes."""
every_component = pytest.mark.parametrize("build", COMPONENTS.values(), ids=COMPONENTS)


def classes(base: type) -> set[type]:
    """The subclasses that the component modules define."""
    modules = [
        importlib.import_module(f"components.{item.name}")
        for item in pkgutil.iter_modules(components.__path__)
    ]
    return {
        item
        for module in modules
        for _, item in inspect.getmembers(module, inspect.isclass)
        if item.__module__ == module.__name__ and issubclass(item, base)
    }


def takes_tags(kind: str) -> bool:
    """Whether AWS resources of this type, such as `aws:ec2/vpc:Vpc`, have tags."""
    _, module, name = re.fullmatch(r"(aws):(\w+)/\w+:(\w+)", kind).groups()
    resource = getattr(getattr(aws, module), name)
    return "tags" in inspect.signature(resource._internal_init).parameters  # noqa: SLF001


def test_these_tests_know_every_component():
    assert {item.__name__ for item in classes(pulumi.ComponentResource)} == set(COMPONENTS)


@every_component
def test_nothing_hangs_off_the_stack_but_the_component(cloud, build):
    cloud.build(build)

    assert {item.type for item in cloud.resources if "pulumi:Stack$" in item.urn} == {
        item.type for item in cloud.resources if not item.custom
    }
    assert [urn for urn in cloud.urns() if "::aws:" in urn or "::kubernetes:" in urn] == []


@every_component
def test_a_component_has_the_token_of_its_class(cloud, build):
    built = []
    cloud.build(lambda: built.append(build()))

    name = type(built[0]).__name__
    assert f"podnet:index:{DEPLOYED_AS.get(name, name)}" in {
        item.type for item in cloud.resources if not item.custom
    }


@every_component
def test_everything_taggable_is_tagged_with_settings_stack_and_name(cloud, build):
    cloud.build(build)

    for item in cloud.resources:
        if item.type.startswith("aws:") and takes_tags(item.type):
            assert item.inputs["tags"].items() >= TAGS.items(), item.urn
            assert re.fullmatch(r"test-[a-z0-9.-]+", item.inputs["tags"]["Name"]), item.urn


@every_component
def test_names_are_made_of_the_component_and_what_a_thing_is(cloud, build):
    cloud.build(build)
    name = re.compile(
        r"x(-[ab])?(-node-([123]|6[567]))?(-internet|-session-manager|-settled|-(in|out)-"
        r"(nodes|pods|path-mtu|all|ssh-203\.0\.113\.0-24)|"
        r"-nodes|-join|-kubeconfig|-files|-acknowledgements|-policies|-[0-9a-f]{12}-[1-9]|"
        rf"-calico-(node|cni-plugin)|-({'|'.join(plural for plural, _ in calico.KINDS.values())}))?"
    )

    assert [item.name for item in cloud.resources if not name.fullmatch(item.name)] == []


@every_component
def test_no_two_resources_share_a_name(cloud, build):
    cloud.build(build)

    assert len(cloud.urns()) == len(cloud.resources)


@pytest.mark.parametrize(
    "args",
    sorted(
        (item for item in classes(object) if item.__name__.endswith("Args")),
        key=lambda item: item.__name__,
    ),
    ids=lambda item: item.__name__,
)
def test_arguments_are_frozen_and_keyword_only(args):
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(args))


def test_a_component_passes_its_provider_on_to_its_children(cloud):
    def program() -> None:
        provider = aws.Provider("elsewhere", region="eu-west-1")
        network(pulumi.ResourceOptions(providers=[provider]))

    cloud.build(program)
    children = [item for item in cloud.resources if item.type.startswith("aws:")]

    assert {item.provider.split("::")[-2] for item in children} == {"elsewhere"}


def test_no_node_may_change_anything_in_the_account(cloud):
    cloud.deploy()

    assert {item.type for item in cloud.resources if item.type.startswith("aws:iam")} == {
        "aws:iam/role:Role",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
    assert [_actions(item["policy"]) for _, item in sorted(cloud.inputs("RolePolicy").items())] == [
        {"ssm:PutParameter"},
        {"ssm:GetParameter"},
    ]
    assert {item["policyArn"] for item in cloud.inputs("RolePolicyAttachment").values()} == {
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    }
    role = cloud.inputs("Role")["nodes"]
    assert not {"inlinePolicies", "managedPolicyArns"} & role.keys()
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    ]


def _actions(policy: str) -> set[str]:
    return {statement["Action"] for statement in json.loads(policy)["Statement"]}
