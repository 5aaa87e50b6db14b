import pytest

from podnet.lab.stack import stacks
from podnet.lab.stack.engine import EngineKind, record
from tests.refusals import refused


def deploy(home, *names):
    for name in names:
        record(home, name, EngineKind.EMBEDDED)


def test_the_first_deployment_is_of_the_stack_lab(home):
    assert stacks.current(home) is None
    assert stacks.to_deploy(home, None) == "lab"
    with refused("nothing-deployed"):
        stacks.require_deployed(home, None)


def test_the_stack_deployed_last_is_the_one_that_commands_are_for(home, stack_named):
    stack_named("lab").record()
    stack_named("kubernetes").record()

    assert stacks.current(home) == "kubernetes"
    assert stacks.to_deploy(home, None) == "kubernetes"
    assert stacks.require_deployed(home, None) == "kubernetes"


def test_a_stack_given_by_name_goes_before_the_current_one_and_leaves_it(home, stack_named):
    stack_named("lab").record()
    stack_named("kubernetes").record()

    assert stacks.require_deployed(home, "lab") == "lab"
    assert stacks.to_deploy(home, "dev") == "dev"
    assert stacks.current(home) == "kubernetes"


def test_a_deployed_stack_can_be_selected_and_no_other(home, stack_named):
    stack_named("lab").record()
    stack_named("kubernetes").record()
    stacks.select(home, "lab")

    assert stacks.current(home) == "lab"
    with refused("stack-not-deployed"):
        stacks.select(home, "dev")
    with refused("stack-unknown"):
        stacks.select(home, "prdo")
    assert stacks.current(home) == "lab"


def test_a_lab_that_has_one_stack_and_remembers_none_has_that_one(home):
    deploy(home, "kubernetes")

    assert stacks.current(home) == "kubernetes"


@pytest.mark.parametrize("find", [stacks.to_deploy, stacks.require_deployed])
def test_an_unknown_stack_is_refused_with_the_known_ones(home, find):
    deploy(home, "lab")

    with refused("stack-unknown") as caught:
        find(home, "prdo")

    assert "'prdo'" in str(caught.value)
    assert all(name in str(caught.value) for name in stacks.known())
