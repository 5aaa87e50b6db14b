from podnet.lab.engines.report import Step, Summary
from podnet.lab.operations.render import describe

URN = "urn:pulumi:lab::podnet::aws:ec2/route:Route::pod-routes-a-node-1"


def test_changes_are_described_with_the_properties_that_differ():
    step = Step.of("update", URN, "networkInterfaceId: eni-1 → eni-2")
    summary = Summary(steps=(step,), counts={"update": 1}, outputs={}, seconds=0.0)

    assert list(describe(summary)) == [
        f"  [yellow]~[/yellow] update   {'aws:ec2/route:Route':45} pod-routes-a-node-1",
        "      networkInterfaceId: eni-1 → eni-2",
    ]
