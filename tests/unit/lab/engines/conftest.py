"""A small cloud with real semantics, and projects to deploy to it."""
# ruff: noqa: ARG002  # the cloud takes what a provider is given

import gc
import json
import os
import shutil
import signal
import textwrap
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import UNKNOWN, Diff, Engine, Provider, ProviderError

THING = "test:index:Thing"
TWO = """
base = Thing("base", size="small")
top = Thing("top", on=base.arn)
pulumi.export("top", top.arn)
"""
PRELUDE = """
import pulumi
from pulumi import ResourceOptions as Opts

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Thing", name, {"name": name, **props, "arn": None}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:index:Group", name, None, opts)
"""


class Cloud(Provider):
    """Things with ids, kept in a file so that they outlive a killed process.

    `kind` and `pinned` cannot be updated; of a `slot` there is only one at a time, and it cannot be
    updated either; everything else can. A thing cannot go while another refers to it. Whether
    a `colour` is written in capitals makes no difference.
    """

    def __init__(self, file):
        self.file = file
        self.calls = []
        self.at = lambda _: None
        self.configured = []

    def configure(self, config):
        if config.get("test:region") == "moon":
            raise ProviderError("test:region moon is not served; use earth")
        self.configured.append(dict(config))

    @property
    def things(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    @things.setter
    def things(self, things):
        self.file.write_text(json.dumps(things))

    @property
    def names(self):
        return sorted(thing["inputs"].get("name", "") for thing in self.things.values())

    @property
    def inputs(self):
        """What there is, without ids: references read as the name of what they refer to."""
        things = self.things
        named = {f"arn:{id_}": thing["inputs"]["name"] for id_, thing in things.items()}
        return sorted(
            (
                {
                    key: named.get(value, value) if isinstance(value, str) else value
                    for key, value in thing["inputs"].items()
                }
                for thing in things.values()
            ),
            key=lambda inputs: inputs["name"],
        )

    def check(self, type_, inputs):
        if type_.startswith("pulumi:providers:"):
            return dict(inputs)
        if type_ not in (THING, "test:new:Thing"):
            raise ProviderError(f"type {type_} is not known")
        if inputs.get("size") == "huge":
            raise ProviderError(
                "size huge is more than there is; use large", rule="thing-too-large"
            )
        return {"colour": "white", **inputs}

    def diff(self, type_, id_, old_inputs, old_outputs, new_inputs):
        changed = tuple(
            name
            for name in sorted({*old_inputs, *new_inputs})
            if meaning(name, old_inputs) != meaning(name, new_inputs)
            or contains(new_inputs.get(name), UNKNOWN)
        )
        replaces = tuple(name for name in changed if name in {"kind", "pinned", "slot"})
        return Diff(changed, replaces, bool(replaces) and "slot" in new_inputs)

    def create(self, type_, inputs, token, name):
        assert not contains(inputs, UNKNOWN)
        if any(
            "slot" in inputs and other["inputs"].get("slot") == inputs["slot"]
            for other in self.things.values()
        ):
            raise ProviderError(f"slot {inputs['slot']} is taken")
        id_ = f"t-{token[:8]}"
        self._call(
            "create", inputs["name"], {**self.things, id_: {"inputs": inputs, "token": token}}
        )
        return id_, {**inputs, "arn": f"arn:{id_}"}

    def find(self, type_, inputs, token, name):
        return next(
            (
                (id_, {**thing["inputs"], "arn": f"arn:{id_}"})
                for id_, thing in self.things.items()
                if thing["token"] == token
            ),
            None,
        )

    def read(self, type_, id_, inputs, outputs):
        thing = self.things.get(id_)
        return thing and (thing["inputs"], {**thing["inputs"], "arn": f"arn:{id_}"})

    def update(self, type_, id_, old_inputs, old_outputs, new_inputs):
        things = self.things
        if id_ not in things:
            raise ProviderError(f"{id_} does not exist")
        things[id_]["inputs"] = new_inputs
        self._call("update", new_inputs["name"], things)
        return {**new_inputs, "arn": f"arn:{id_}"}

    def delete(self, type_, id_, outputs):
        things = self.things
        for other, thing in things.items():
            if other != id_ and f"arn:{id_}" in json.dumps(thing["inputs"]):
                raise ProviderError(f"{id_} is in use by {other}")
        name = things.pop(id_)["inputs"]["name"] if id_ in things else f"{id_} (gone)"
        self._call("delete", name, things)

    def invoke(self, token, args):
        if token != "test:index:double":  # a type token
            raise ProviderError(f"function {token} is not known")
        return {"doubled": args["number"] * 2}

    def _call(self, verb, name, things):
        self.at("before")
        self.things = things
        self.calls.append((verb, name))
        self.at("after")


def meaning(name, inputs):
    return inputs[name].lower() if name == "colour" else inputs.get(name)


def contains(value, wanted):
    if isinstance(value, dict):
        return any(contains(item, wanted) for item in value.values())
    if isinstance(value, list):
        return any(contains(item, wanted) for item in value)
    return value is wanted


class Lab:
    """A project in a directory, its cloud and its state."""

    def __init__(self, directory):
        self.directory = directory
        self.project = directory / "project"
        self.project.mkdir(exist_ok=True)
        self.state = directory / "state.json"
        self.cloud = Cloud(directory / "cloud.json")
        self.events = []
        self.yaml("name: proj\nruntime: python\n")

    def yaml(self, text, name="Pulumi.yaml"):
        (self.project / name).write_text(textwrap.dedent(text))

    def program(self, text, prelude=PRELUDE):
        (self.project / "__main__.py").write_text(prelude + textwrap.dedent(text))

    def engine(self, stack="dev", **options):
        providers = {"test": self.cloud}
        return Engine(self.project, stack, self.state, providers, self.events.append, **options)

    def up(self, text=None, **config):
        if text is not None:
            self.program(text)
        self.cloud.calls.clear()
        return self.engine(config=config).up()

    def preview(self, text=None, **config):
        if text is not None:
            self.program(text)
        return self.engine(config=config).preview()

    def copy(self, name):
        """Another lab in which everything is as it is here."""
        return Lab(Path(shutil.copytree(self.directory, self.directory.with_name(name))))

    def recorded(self):
        return json.loads(self.state.read_text())

    def ids(self):
        """Ids that the state knows, replaced ones as well."""
        content = self.recorded()
        return sorted(
            item["id"]
            for item in content["resources"] + content["replaced"]
            if item["type"].endswith(":Thing")
        )

    def killed_at(self, moment, work):
        """Do the work in a process that is killed at this moment; whether it came to that.

        Moments are counted before each change to the cloud and to the state file; after one is
        no other moment than before the next, and the file's backup is a copy that no run reads.
        """
        child = os.fork()
        if child == 0:
            # What earlier programs left of gRPC's event loop waits at its end for a thread that a
            # child does not have, so the child must not collect it.
            gc.freeze()
            passed = 0

            def at(when):
                nonlocal passed
                passed += when == "before"
                if passed > moment:
                    os.kill(os.getpid(), signal.SIGKILL)

            rename = Path.replace

            def watched_rename(self, target):
                if Path(target).suffix != ".backup":
                    at("before")
                rename(self, target)

            Path.replace = watched_rename
            self.cloud.at = at
            try:
                work()
            except BaseException:  # noqa: BLE001  # the child must never return into pytest
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)


@pytest.fixture
def lab(tmp_path):
    directory = tmp_path / "lab"
    directory.mkdir()
    return Lab(directory)


@pytest.fixture
def new_lab(tmp_path_factory):
    return lambda: Lab(tmp_path_factory.mktemp("lab"))


def ops(summary):
    return {(step.op, step.name) for step in summary.changes}


@pytest.fixture(name="ops")
def ops_fixture():
    return ops
