"""A second package, whose providers are clusters that the program itself makes."""
# ruff: noqa: ARG002  # the clusters take what a provider is given

from podnet.lab.engines.embedded import (
    UNKNOWN,
    Diff,
    Engine,
    Provider,
    ProviderError,
)
from podnet.lab.providers.differences import changed

POD = "kube:index:Pod"
HUSH = "hush-hush"

PRELUDE = """
import pulumi
from pulumi import ResourceOptions as Opts

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Thing", name, {"name": name, **props, "arn": None}, opts)

class Pod(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("kube:index:Pod", name, {"name": name, **props, "arn": None}, opts)

class Cluster(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("kube", name, props, opts)
"""


class Clusters(Provider):
    """Clusters by name, each a cloud of its own; another name is another cluster, a key is not."""

    def __init__(self, lab):
        self.directory = lab.directory
        self.kind = type(lab.cloud)
        self.at = lambda _: None

    def cloud(self, name):
        cloud = self.kind(self.directory / f"{name}.json")
        cloud.at = self.at
        return cloud

    def with_configuration(self, type_, configuration):
        assert type_ == "pulumi:providers:kube"
        return Under(self, configuration)

    def secret(self, token):
        return frozenset(
            {
                "pulumi:providers:kube": {"key"},
                POD: {"password"},
                "kube:index:password": {"word"},
            }.get(token, ())
        )

    def check(self, type_, inputs):
        if type_ != "pulumi:providers:kube":
            raise ProviderError("a cluster is named by an explicit provider, and here is none")
        return dict(inputs)

    def diff(self, type_, id_, old_inputs, old_outputs, new_inputs):
        names = changed(old_inputs, new_inputs)
        return Diff(names, tuple(name for name in names if name == "cluster"))


class Under(Provider):
    """One cluster, of which only the name need be known, and that only to make something."""

    def __init__(self, clusters, configuration):
        self.secret = clusters.secret
        self.clusters = clusters
        self.configuration = configuration

    @property
    def cloud(self):
        assert UNKNOWN not in self.configuration.values(), "asked before it is known"
        return self.clusters.cloud(self.configuration["cluster"])

    def check(self, type_, inputs):
        return dict(inputs)

    def diff(self, type_, id_, old_inputs, old_outputs, new_inputs):
        return Diff(changed(old_inputs, new_inputs))

    def create(self, type_, inputs, token, name):
        return self.cloud.create(type_, inputs, token, name)

    def find(self, type_, inputs, token, name):
        return self.cloud.find(type_, inputs, token, name)

    def read(self, type_, id_, inputs, outputs):
        return self.cloud.read(type_, id_, inputs, outputs)

    def update(self, type_, id_, old_inputs, old_outputs, new_inputs):
        return self.cloud.update(type_, id_, old_inputs, old_outputs, new_inputs)

    def delete(self, type_, id_, outputs):
        self.cloud.delete(type_, id_, outputs)

    def invoke(self, token, args):
        return {"word": f"{self.configuration['cluster']}-{HUSH}"}


class World:
    """The project of a lab, deployed to its cloud and to clusters."""

    def __init__(self, lab):
        self.lab = lab
        self.cloud = lab.cloud
        self.clusters = Clusters(lab)

    def engine(self, text=None):
        if text is not None:
            self.lab.program(text, PRELUDE)
        provider = {"test": self.cloud, "kube": self.clusters}
        return Engine(self.lab.project, "dev", self.lab.state, provider, self.lab.events.append)

    def up(self, text=None):
        return self.engine(text).up()

    def pods(self, name):
        return self.clusters.cloud(name).names
