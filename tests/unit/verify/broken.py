"""A VPC on paper, and ways to break it."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from podnet.plan.settings import Settings
from podnet.verify import planned
from podnet.verify.classes import EndClass, ends
from podnet.verify.proof import PROTOCOLS, SOURCES, Verdict, prove
from podnet.verify.vpc import Cloud
from podnet.verify.walk import Walk
from podnet.world.model import Route, Unmodelled


@dataclass(frozen=True)
class Paper:
    """A world, and the nodes in it."""

    world: object
    nodes: tuple

    @classmethod
    def of(cls, **settings):
        wanted = Settings(**settings)
        return cls(planned.world(wanted), planned.nodes(wanted))

    @property
    def cloud(self):
        return Cloud(self.world, self.world.vpcs[0])

    def prove(self, *expected):
        return prove(self.cloud, self.nodes, expected)

    def failing(self):
        """What fails, as {(from, to): cause}, from one walk for each class of ends."""
        return {
            (str(source), str(target)): cause(verdict)
            for verdict in self.prove().failed
            for source in verdict.source.members
            for target in verdict.target.members
            if source.eni != target.eni
        }

    def failing_each(self):
        """The same from a walk for every pair of ends."""
        cloud = self.cloud
        walk, found = Walk(cloud, self.nodes), list(ends(cloud, self.nodes))
        verdicts = [
            Verdict(
                EndClass((source,)),
                EndClass((target,)),
                (protocol,),
                (source, target),
                walk.path(source, target, protocol),
                1,
            )
            for source in found
            for target in found
            for protocol in PROTOCOLS
            if source.kind in SOURCES and source.eni != target.eni
        ]
        return {
            (str(each.source), str(each.target)): cause(each)
            for each in verdicts
            if each.is_promised and each.failure
        }

    def eni(self, name, **changes):
        """One node's interface changed."""
        changed = {
            node.eni.id: replace(node.eni, **changes) for node in self.nodes if node.name == name
        }
        return Paper(
            replace(self.world, enis=tuple(changed.get(eni.id, eni) for eni in self.world.enis)),
            tuple(replace(each, eni=changed.get(each.eni.id, each.eni)) for each in self.nodes),
        )

    def routed(self, name, **changes):
        """One node with another routing."""
        return replace(
            self,
            nodes=tuple(
                replace(node, routing=replace(node.routing, **changes))
                if node.name == name
                else node
                for node in self.nodes
            ),
        )

    def stopped(self, name):
        return self._with(
            instances=tuple(
                replace(one, state="stopped") if one.id == name else one
                for one in self.world.instances
            )
        )

    def without_rule(self, *keys):
        (group,) = self.world.security_groups
        rules = tuple(rule for rule in group.rules if rule.id not in keys)
        assert len(rules) == len(group.rules) - len(keys)
        return self._with(security_groups=(replace(group, rules=rules),))

    def rule(self, key, **changes):
        (group,) = self.world.security_groups
        rules = tuple(replace(rule, **changes) if rule.id == key else rule for rule in group.rules)
        return self._with(security_groups=(replace(group, rules=rules),))

    def open_outwards(self, name):
        """One node in a group of its own, which lets all out and nothing in."""
        (group,) = self.world.security_groups
        rules = tuple(rule for rule in group.rules if rule.egress)
        own = replace(group, id="a group without ingress", rules=rules)
        return self._with(security_groups=(group, own)).eni(name, group_ids=(own.id,))

    def route(self, destination, target):
        """The route of all tables for a range leads elsewhere; None removes it."""
        network = IPv4Network(destination)
        return self._with(
            route_tables=tuple(
                replace(
                    table,
                    routes=(
                        *(each for each in table.routes if each.destination != network),
                        *([Route(destination=network, target=target)] if target else ()),
                    ),
                )
                for table in self.world.route_tables
            )
        )

    def doubted(self, *touches):
        """Something that is not modelled, and touches things of these ids."""
        thing = Unmodelled(id="odd-1", what="is odd", touches=touches)
        return self._with(unmodelled=(*self.world.unmodelled, thing))

    def without(self, name):
        """A node that has no instance, and whose interface is gone."""
        gone = {node.eni.id for node in self.nodes if node.name == name}
        return Paper(
            replace(
                self.world,
                enis=tuple(eni for eni in self.world.enis if eni.id not in gone),
                instances=tuple(one for one in self.world.instances if one.id != name),
            ),
            tuple(node for node in self.nodes if node.name != name),
        )

    def taken_by_a_host(self, name):
        """A node's address is that of an instance that podnet did not make."""
        return replace(self, nodes=tuple(node for node in self.nodes if node.name != name))

    def _with(self, **changes):
        return replace(self, world=replace(self.world, **changes))


def cause(verdict):
    """The cause of a failure; `seen` where another source is seen than was sent."""
    failure = verdict.failure
    return None if failure is None else getattr(failure, "cause", "seen")
