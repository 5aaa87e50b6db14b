"""The commands of the lab; importing this package registers them, and loads none."""

from podnet.cli.app import explain_with, place_with, register, take_lab_from

for _name, _module, _help in (
    ("up", "deploy", "Deploy the stack, wait for its nodes, start pods and verify every pair."),
    ("preview", "deploy", "Show what `up` would change."),
    (
        "refresh",
        "deploy",
        "Read what really exists, so that the next `up` repairs what changed behind its back.",
    ),
    ("destroy", "deploy", "Delete every resource of the stack; the lab's cloud stays."),
    (
        "down",
        "deploy",
        "Remove everything of the lab: instances, namespaces, mounts, processes and files.",
    ),
    ("stack", "stack", "The stacks of the lab: list them, or select the current one."),
    ("status", "status", "Show the nodes, their routing and template, and the lab's cloud."),
    ("matrix", "matrix", "Send packets between all pairs of pods and nodes; show the verdict."),
    ("exec", "nodes", "Run a command on a node."),
    ("pod", "nodes", "Pods of the lab."),
    (
        "kubectl",
        "kubectl",
        "Run kubectl for a stack's cluster, as its administrator and from the lab's internet.",
    ),
    ("switch", "switch", "Switch the routing of a live cluster, and save it for the next `up`."),
    ("drill", "drill", "Measure what a change costs while it happens."),
    (
        "roll",
        "roll",
        "Replace outdated nodes one at a time, and verify all pairs after each.",
    ),
):
    register(_name, f"{__name__}.{_module}", _help)

take_lab_from(f"{__name__}.paper")
place_with(f"{__name__}.machine")
explain_with("podnet.lab.operations.failures")
