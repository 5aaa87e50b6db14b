import pytest

from podnet.lab.engines.report import Step, Summary
from podnet.lab.operations import verification
from podnet.lab.operations.verification import Verification, require_green
from podnet.probe import Check, Matrix, Result
from tests.refusals import refused


def checked(*results):
    return Matrix(("a", "b"), tuple(results), 0.1)


GREEN = Result("a", "b", Check.TCP, None)
RED = Result("a", "b", Check.TCP, "refused")
SERVICE = Result("a", "service", Check.SERVICE, "refused")
NEW_NODE = Summary(
    steps=(
        Step(
            "create",
            "urn:pulumi:s::p::aws:ec2/instance:Instance::node-1",
            "aws:ec2/instance:Instance",
            "node-1",
        ),
    ),
    counts={},
    outputs={},
    seconds=0.0,
)
NOTHING_NEW = Summary(steps=(), counts={}, outputs={}, seconds=0.0)


@pytest.mark.parametrize(
    ("matrix", "summary", "seconds", "why"),
    [
        (checked(GREEN), NEW_NODE, 0, None),
        (checked(RED), NOTHING_NEW, 0, None),
        (
            checked(RED),
            NEW_NODE,
            14,
            "peers may still use the MAC of a node that was here before",
        ),
        (checked(RED), NEW_NODE, 16, None),
        (checked(GREEN, SERVICE), NOTHING_NEW, 59, "Services follow their pods with a delay"),
        (checked(GREEN, SERVICE), NOTHING_NEW, 61, None),
        (checked(RED, SERVICE), NOTHING_NEW, 1, None),
    ],
    ids=[
        "green",
        "red",
        "red and new",
        "red and not so new",
        "Services",
        "Services for long",
        "Services and more",
    ],
)
def test_only_what_comes_right_by_itself_is_asked_again(matrix, summary, seconds, why):
    assert verification._reason_to_repeat(matrix, summary, seconds) == why  # noqa: SLF001  # pure


def test_a_failing_matrix_ends_what_needs_a_green_one():
    green = Verification(NOTHING_NEW, [], [], checked(GREEN))

    assert require_green(green, "now") is green
    with refused("matrix-failing") as caught:
        require_green(Verification(NOTHING_NEW, [], [], checked(RED)), "now")
    assert "a to b: refused" in str(caught.value)
