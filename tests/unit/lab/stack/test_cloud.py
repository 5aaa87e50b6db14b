from podnet.lab.stack.cloud import declare_fabric, running_cloud
from podnet.lab.stack.engine import EngineKind, record
from podnet.lab.stack.start import start_cloud
from podnet.plan.settings import Fabric
from tests.refusals import refused


def test_plain_switches_are_declared_before_anything_is_deployed(home, stack_named):
    declare_fabric(home, None)
    assert home.fabric == Fabric.VPC
    declare_fabric(home, Fabric.SWITCH)
    record(home, "lab", EngineKind.EMBEDDED)

    assert home.fabric == Fabric.SWITCH
    assert stack_named("lab").config()["podnet:fabric"] == "switch"
    declare_fabric(home, Fabric.SWITCH)
    with refused("fabric-fixed"):
        declare_fabric(home, Fabric.VPC)


def test_a_cloud_that_has_died_is_not_started_over_what_was_deployed_to_it(home):
    record(home, "lab", EngineKind.EMBEDDED)

    with refused("cloud-dead"):
        start_cloud(home)
    with refused("cloud-dead"):
        running_cloud(home)


def test_a_switch_waits_in_the_lab_for_no_tag_to_reach_the_metadata_service(home, stack_named):
    assert stack_named("prod").config()["podnet:switchWaitSeconds"] == "5"


def test_a_wait_chosen_for_a_lab_is_kept(home, stack_named):
    once = {"podnet:switchWaitSeconds": "9"}

    assert stack_named("lab").config(once) == once
