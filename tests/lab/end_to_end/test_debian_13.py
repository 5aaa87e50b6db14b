"""Nodes of Debian 13, whose image takes a minute or two to build: every mode passes."""

import pytest

from podnet.lab.images import apt, catalogue, debian

pytestmark = [pytest.mark.lab, pytest.mark.long]

IMAGE = next(
    image.image_id
    for image in catalogue.IMAGES
    if image.recipe is catalogue.Recipe.DEBIAN_13 and image.architecture == "x86_64"
)


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    debian.ensure(lab.home.image, suite=apt.NEXT_SUITE)
    lab.change(imageId=IMAGE, nodeCount=2, nodeRangePrefix=27)
    return lab


def test_the_nodes_are_of_debian_13_and_passed_the_check_of_their_image(lab):
    for node in lab.nodes:
        assert 'VERSION_ID="13"\n' in node.run("cat", "/etc/os-release")
        assert node.run("systemctl", "--failed", "--no-legend") == ""


@pytest.mark.parametrize("mode", ["vpc-routes", "host-gw", "overlay", "l2"])
def test_all_pairs_pass_in_every_mode(lab, mode):
    lab.change(routing=mode)
    lab.replace_pods()

    assert lab.red() == set()
