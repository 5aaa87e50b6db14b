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
    ("matrix", "summary", "seconds", "others", "why"),
    [
        (checked(GREEN), NEW_NODE, 0, "Calico", None),
        (checked(RED), NOTHING_NEW, 0, "Calico", None),
        (
            checked(RED),
            NEW_NODE,
            14,
            None,
            "peers may still use the MAC of a node that was here before",
        ),
        (checked(RED), NEW_NODE, 16, None, None),
        (checked(RED), NEW_NODE, 59, "kube-router", "kube-router may not know all new nodes yet"),
        (checked(RED), NEW_NODE, 61, "kube-router", None),
        (checked(GREEN, SERVICE), NOTHING_NEW, 59, None, "Services follow their pods with a delay"),
        (checked(GREEN, SERVICE), NOTHING_NEW, 61, None, None),
        (checked(RED, SERVICE), NOTHING_NEW, 1, None, None),
    ],
    ids=[
        "green",
        "red",
        "red and new",
        "red and not so new",
        "another CNI",
        "another CNI for long",
        "Services",
        "Services for long",
        "Services and more",
    ],
)
def test_only_what_comes_right_by_itself_is_asked_again(matrix, summary, seconds, others, why):
    reason = verification._reason_to_repeat(matrix, summary, seconds, others)  # noqa: SLF001  # pure
    assert reason == why


def test_a_failing_matrix_ends_what_needs_a_green_one():
    green = Verification(NOTHING_NEW, [], [], checked(GREEN))

    assert require_green(green, "now") is green
    with refused("matrix-failing") as caught:
        require_green(Verification(NOTHING_NEW, [], [], checked(RED)), "now")
    assert "a to b: refused" in str(caught.value)
