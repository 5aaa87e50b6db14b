import os
import shutil
import threading

import pytest

from podnet.lab.engines.lock import locked
from podnet.lab.home import Home
from podnet.lab.operations import deployment
from podnet.lab.operations.deployment import deploying
from tests.refusals import refused


def test_a_lab_in_which_a_deployment_goes_on_is_busy_and_says_whose(home):
    with locked(home.deployment, 1), refused("lab-busy") as caught, deploying(home, 0.1):
        pytest.fail("two deployments at once")

    assert f"process {os.getpid()} " in str(caught.value)


def test_a_deployment_that_waited_for_the_end_of_its_lab_makes_no_new_one(home):
    removed = threading.Event()

    def remove():
        with deploying(home):
            shutil.rmtree(home.directory)
            removed.set()

    with locked(home.deployment, 1):
        remover = threading.Thread(target=remove)
        remover.start()
    remover.join()

    assert removed.is_set()
    with refused("lab-removed"), deploying(home):
        pytest.fail("deployed into a removed lab")
    assert not home.directory.exists()
    Home.open(home.directory)
    with refused("lab-removed"), deploying(home):
        pytest.fail("deployed into another lab")


def test_an_error_of_the_deployment_itself_is_not_taken_for_a_busy_lab(home):
    with pytest.raises(ZeroDivisionError), deploying(home):
        _ = 1 / 0
    with deploying(home, 0.1):
        pass


def test_another_version_than_the_labs_is_refused_before_anything_is_built(
    stack_named, monkeypatch
):
    monkeypatch.setattr(
        "podnet.lab.images.kubernetes.ensure", lambda *_: pytest.fail("it was built")
    )

    with refused("kubernetes-version-unavailable"):
        deployment.up(stack_named("kubernetes"), {"podnet:kubernetesVersion": "1.36.9"})


GRE = {"podnet:routing": "overlay", "podnet:encapsulation": "gre"}


def test_gre_is_refused_on_a_machine_whose_kernel_has_none(stack_named, monkeypatch):
    monkeypatch.setattr(deployment.preflight, "makes_no", lambda kind: kind == "gre")

    with refused("kernel-lacks-gre") as caught:
        deployment.require_kernel(stack_named("dev"), GRE)

    assert f"kernel {os.uname().release} of this machine" in str(caught.value)
    assert "`podnet up --kernel user-mode`" in str(caught.value)
    deployment.require_kernel(stack_named("dev"), {"podnet:routing": "overlay"})


def test_gre_is_taken_where_the_kernel_has_it(stack_named, monkeypatch):
    monkeypatch.setattr(deployment.preflight, "makes_no", lambda _: False)

    deployment.require_kernel(stack_named("dev"), GRE)
