"""A verifier with one rule wrong is found out by the tests beside this file."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
MUTANTS = {
    "no source check": ("vpc.py", "if sender.source_dest_check and", "if False and"),
    "no destination check": ("vpc.py", "if receiver.source_dest_check and", "if False and"),
    "stopped nodes send": ("vpc.py", "if not self.is_running(sender):", "if False:"),
    "stopped nodes receive": ("vpc.py", "if not self.is_running(receiver):", "if False:"),
    "no egress rules": (
        "vpc.py",
        "sender, packet, way, egress=True",
        "sender, packet, Way(tracked=frozenset({sender.id})), egress=True",
    ),
    "no ingress rules": (
        "vpc.py",
        "self._check_groups(receiver, packet, way, egress=False, bare=bare)",
        "pass",
    ),
    "blackholes deliver": ("vpc.py", "if route.target not in self.enis:", "if False:"),
    "the shortest prefix wins": ("prefixes.py", "reverse=True", "reverse=False"),
    "no local route": (
        "vpc.py",
        "if any(destination.subnet_of(cidr) for cidr in self.vpc.cidrs):",
        "if False:",
    ),
    "gateways translate all": ("vpc.py", "sender.public_address is None or", "False and"),
    "replies need rules": ("vpc.py", "is_tracked = bare and", "is_tracked = False and"),
    "wrapped replies need none": (
        "vpc.py",
        "is_tracked = bare and",
        "is_tracked = way.is_reply or",
    ),
    "a group is its pods too": (
        "security_groups.py",
        "return other.num_addresses == 1 and other[0] in",
        "return True or other[0] in",
    ),
    "a rule for a port is for all": (
        "security_groups.py",
        "return first > last",
        "return bool(spans)",
    ),
    "a rule is for every protocol": (
        "security_groups.py",
        "rule.protocol == EVERY_PROTOCOL for",
        "bool(rule.protocol) for",
    ),
    "any device unwraps": (
        "walk.py",
        "if peer.routing.port != port or not peer.listens(step.vni):",
        "if False:",
    ),
    "hosts forward": ("walk.py", "if packet.destination == single(receiver.address):", "if True:"),
    "replies are not walked": ("walk.py", "if forth.drop or forth.seen is None or", "if True or"),
    "pods are masqueraded to nodes": (
        "node.py",
        "kept = (plan.pods, *ranges,",
        "kept = (plan.pods,",
    ),
    "pods are not masqueraded": ("node.py", "and self._masquerades(target)", "and False"),
    "host-gw by the router": (
        "node.py",
        "return Wire(packet, None if by_vpc else peer)",
        "return Wire(packet, None)",
    ),
    "host-gw by MAC for vpc-routes": (
        "node.py",
        "to_node or not near or self.routing.mode is RoutingMode.VPC_ROUTES",
        "to_node or not near",
    ),
    "overlay of l2 in overlay": (
        "node.py",
        "return None if routing.cross_zone_only and near else 0",
        "return None if routing.cross_zone_only and near else 1",
    ),
    "hybrid wraps inside a zone": (
        "node.py",
        "return None if routing.cross_zone_only and near else 0",
        "return 0",
    ),
    "a wrong source is right": ("proof.py", "and self.path.seen != sent", "and False"),
    "a missing node is none": ("proof.py", "if name not in names", "if False"),
    "ACLs see nothing that leaves": ("vpc.py", "self._doubt(sender.subnet_id)", "pass"),
    "ACLs see nothing that enters": ("vpc.py", "self._doubt(receiver.subnet_id)", "pass"),
    "unknown targets are blackholes": ("vpc.py", "self._doubt(route.target)", "pass"),
    "unknown tables route": ("vpc.py", "self._doubt(table.id)", "pass"),
    "unknown interfaces send": ("vpc.py", "self._doubt(sender.id)", "pass"),
    "unknown interfaces receive": ("vpc.py", "self._doubt(receiver.id)", "pass"),
    "unknown rules deny": ("vpc.py", "self._doubt(*eni.group_ids)", "pass"),
    "a doubt is of its class": ("classes.py", "eni.id in cloud.doubts,", "False,"),
    "blocks are whole": ("classes.py", "if not ranges.divide(network):", "if True:"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project, with a verifier of its own that can be broken."""
    made = tmp_path_factory.mktemp("mutants")
    for name in ("podnet", "components", "userdata", "tests", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, made / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(source, made / name)
    return made


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_rule_that_is_wrong_turns_the_tests_red(copy, mutant):
    file, right, wrong = MUTANTS[mutant]
    path = copy / "podnet/verify" / file
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    try:
        ran = subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/unit/verify"),
                *("-m", "not long"),
            ],
            cwd=copy,
            env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(text)

    assert ran.returncode == 1, ran.stdout
    assert " failed" in ran.stdout
