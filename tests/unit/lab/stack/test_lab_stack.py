import pytest

from podnet.lab.images.catalogue import KUBERNETES
from podnet.plan.routing import RoutingMode
from tests.refusals import refused


def test_the_region_is_that_of_the_stacks_own_file(stack_named):
    assert stack_named("lab").region == "eu-central-1"


@pytest.mark.parametrize(
    ("name", "once", "image"),
    [
        ("kubernetes", {}, KUBERNETES.image_id),
        ("kubernetes", {"podnet:imageId": "ami-1234"}, "ami-1234"),
        ("lab", {}, None),
        ("lab", {"podnet:kubernetes": "kubeadm"}, KUBERNETES.image_id),
    ],
    ids=["a cluster", "a cluster of another image", "no cluster", "a cluster for this once"],
)
def test_nodes_of_a_cluster_start_from_the_image_that_has_one(stack_named, name, once, image):
    assert stack_named(name).config(once).get("podnet:imageId") == image


def test_the_image_of_a_cluster_is_no_override(stack_named):
    stack = stack_named("kubernetes")
    stack.save({"podnet:routing": "overlay"})

    assert stack.overrides() == {"podnet:routing": "overlay"}
    assert stack.settings().image_id == KUBERNETES.image_id


def test_an_override_holds_for_every_deployment_until_it_is_the_stacks_own(stack_named):
    stack = stack_named("lab")
    stack.save({"podnet:routing": "overlay", "podnet:nodeCount": "5"})
    stack.save({"podnet:nodeCount": "3"})

    assert stack.overrides() == {"podnet:routing": "overlay"}
    assert stack.settings().routing is RoutingMode.OVERLAY
    assert stack.settings({"podnet:routing": "host-gw"}).routing is RoutingMode.HOST_GW
    assert stack_named("dev").overrides() == {}


def test_settings_that_cannot_work_are_one_error(stack_named):
    with refused("settings-invalid"):
        stack_named("lab").settings({"podnet:routing": "host-gw", "podnet:zones": "3"})
