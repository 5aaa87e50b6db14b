"""The files of one lab, every path of them, and the id in the name of its namespaces."""

from __future__ import annotations

import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from podnet.errors import UserError
from podnet.plan.settings import Fabric

ID = re.compile(r"[0-9a-f]{6}")
LONGEST_SHOWN = 40
Kind = TypeVar("Kind", bound=StrEnum)
PROJECT = Path(__file__).resolve().parents[2]
SLOWNESS = {"tcg": 8, "um": 4}
"""By how much an emulated processor, and a kernel in user mode on one, are slower than this
machine, which others use as well."""
DEFAULT = PROJECT / ".lab"
"""The directory of the lab where a command names none."""


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one lab; `podnet down` removes it with everything in it."""

    directory: Path
    id: str
    """Six hexadecimal digits, part of the name of everything the lab makes."""

    @classmethod
    def open(cls, directory: Path = DEFAULT) -> Home:
        """The lab of this directory, made where there is none."""
        file = _record(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                draft = directory / f"lab.json.{secrets.token_hex(3)}"
                try:
                    draft.write_text(json.dumps({"lab": secrets.token_hex(3)}))
                    with suppress(FileExistsError):  # exactly one of several first openers wins
                        file.hardlink_to(draft)
                finally:
                    draft.unlink(missing_ok=True)
            text = file.read_text(errors="replace")
        except OSError as error:
            raise UserError(
                f"{directory} cannot be the directory of a lab ({error.strerror}); name one that "
                f"can be made and written to, by --lab or PODNET_LAB",
                rule="lab-directory-unusable",
            ) from error
        return cls(directory, _id_in(file, text))

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether there is a lab in this directory."""
        return os.path.exists(_record(directory))  # noqa: PTH110  # raises nothing, as to odd paths

    @property
    def removed(self) -> bool:
        """Whether `podnet down` has removed this lab, even if another is in its directory now."""
        try:
            return _id_in(file := _record(self.directory), file.read_text()) != self.id
        except FileNotFoundError:
            return True

    def namespace(self, role: str) -> str:
        """Name of the network namespace with this role."""
        return f"lab-{role}-{self.id}"

    @property
    def internet_namespace(self) -> str:
        """Name of the namespace beyond the internet gateways of the lab's VPCs."""
        return self.namespace("internet")

    @property
    def fabric(self) -> Fabric:
        """`vpc`, or `switch` where the subnets of this lab are plain learning switches."""
        file = self.fabric_file
        return one_of(Fabric, file) if file.exists() else Fabric.VPC

    @property
    def fabric_file(self) -> Path:
        """Holds the kind of the subnets, where it is not `vpc`."""
        return self.directory / "fabric"

    @property
    def image(self) -> Path:
        """The root file system every instance starts from; `podnet down` keeps it."""
        return PROJECT / ".image"

    # The virtual machine

    @property
    def machine(self) -> Path:
        """All that the virtual machine of this lab keeps, where it is on a kernel of its own."""
        return self.directory / "machine"

    @property
    def machine_lock(self) -> Path:
        """Locked by whoever starts or ends the virtual machine."""
        return self.directory / "machine.lock"

    @property
    def guest(self) -> Path:
        """Inside a virtual machine: holds what runs its instructions, `kvm`, `tcg` or `um`."""
        return self.directory / "guest"

    @property
    def patience(self) -> int:
        """By how much the lab's own time limits are longer than on this machine's kernel.

        A virtual machine whose instructions are emulated takes minutes for seconds.
        """
        return SLOWNESS.get(self.guest.read_text(), 1) if self.guest.exists() else 1

    # The cloud

    @property
    def cloud_pid(self) -> Path:
        """Locked by the cloud while it runs; holds its process id."""
        return self.directory / "cloud.pid"

    @property
    def cloud_lock(self) -> Path:
        """Locked by whoever starts or ends the cloud."""
        return self.directory / "control.lock"

    @property
    def cloud_endpoint(self) -> Path:
        """Holds the URL of the API, once the cloud is ready."""
        return self.directory / "endpoint"

    @property
    def cloud_log(self) -> Path:
        """The output of the cloud."""
        return self.directory / "cloud.log"

    @property
    def cloud_status(self) -> Path:
        """What the cloud reports after each pass, as JSON."""
        return self.directory / "status.json"

    @property
    def instances(self) -> Path:
        """One folder an instance: its disk and, while it runs, the file `pid`."""
        return self.directory / "instances"

    @property
    def cni_layer(self) -> Path:
        """A layer over the image of clusters' nodes, with the images of `--cni-programs`."""
        return self.directory / "cni-programs"

    @property
    def kubectl_cache(self) -> Path:
        """What kubectl remembers of the APIs of clusters."""
        return self.directory / "kubectl"

    # The stacks

    @property
    def deployment(self) -> Path:
        """What commands that deploy lock by `engines.lock.locked`."""
        return self.directory / "up"

    @property
    def deployment_lock(self) -> Path:
        """Holds the id of the process that deploys; written when it begins."""
        return self.directory / "up.lock"

    @property
    def engines(self) -> Path:
        """One file a deployed stack, which holds the name of its engine."""
        return self.directory / "engines"

    @property
    def current_stack(self) -> Path:
        """Holds the name of the stack that commands are for."""
        return self.directory / "current-stack"

    @property
    def pulumi(self) -> Path:
        """All that the Pulumi CLI keeps: its plugins, state and passphrase."""
        return self.directory / "pulumi"

    @property
    def states(self) -> Path:
        """All that the embedded engine keeps."""
        return self.directory / "state"

    @property
    def deployments(self) -> tuple[Path, ...]:
        """What describes resources of the cloud, and is void without it: it keeps them in memory.

        The list of deployed stacks comes last: while it is there, the rest may be, too.
        """
        return (self.states, self.pulumi, self.kubectl_cache, self.current_stack, self.engines)

    def state(self, stack: str) -> Path:
        """The embedded engine's state of a stack."""
        return self.states / f"{stack}.json"

    def overrides(self, stack: str) -> Path:
        """Settings of a stack that hold in this lab only, as JSON."""
        return self.directory / f"overrides-{stack}.json"


def one_of(kind: type[Kind], file: Path) -> Kind:
    """The member whose value a file of the lab holds; raises `UserError` where it holds another."""
    text = file.read_text(errors="replace")
    if text not in {*kind}:
        raise UserError(
            f"{file} holds {text[:LONGEST_SHOWN]!r}, and must hold one of {', '.join(kind)}; "
            f"write that into it, or begin with `podnet down`",
            rule="lab-file-malformed",
        )
    return kind(text)


def _id_in(file: Path, text: str) -> str:
    try:
        found = json.loads(text)["lab"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise UserError(
            f'{file} must hold the id of the lab, as in {{"lab": "0a1b2c"}}, and holds '
            f"{text[:LONGEST_SHOWN]!r}; the names of the lab's namespaces (`ip netns list`) end "
            f"with the id, and where there are none, remove {file.parent}",
            rule="lab-record-malformed",
        )
    return found


def _record(directory: Path) -> Path:
    return directory / "lab.json"
