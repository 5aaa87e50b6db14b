"""Releases of files on a booted node: whether one is whole, and updates that are watched."""

import contextlib
from pathlib import Path

from podnet.lab.nodes import releases
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.operations.drills.update import assign, readable
from podnet.system.waiting import wait_until
from podnet.userdata import release

LIBRARY = release.LIBRARY
BASE = "podnet-base"
STATE = "var/lib/podnet-update"
SECONDS = 120


def another(lab, text):
    """The stack's own files, and one more."""
    return {**release.files(lab.stack.settings()), "other": text}


def folder(texts):
    return f"podnet-{release.digest_of(texts)[: release.SHORT]}"


def running(node):
    """The folder of the release that the node runs and would boot with."""
    return (node.root / LIBRARY[1:]).readlink().name


def whole(node):
    """That folder; fails where a file of it, or a link to one, is another release's."""
    name = running(node)
    place = node.root / place_of(name)[1:]
    files = {
        str(file.relative_to(place)): file.read_text()
        for file in place.rglob("*")
        if file.is_file()
    }
    etc = [path for path in files if path.startswith("etc/")]
    linked = node.run("readlink", "-f", *(f"/{path}" for path in etc)).split()
    dangling = node.run("find", "/etc", "-xtype", "l", "-lname", f"{LIBRARY}/*")
    if running(node) != name:
        # It moved on while this looked.
        return whole(node)
    assert name in (BASE, folder(files))
    assert linked == [f"{place_of(name)}/{path}" for path in etc]
    assert dangling == ""
    return name


def place_of(name):
    return str(Path(LIBRARY).with_name(name))


@contextlib.contextmanager
def assigned(lab, node, texts):
    """Put a release into the parameters and the node's tag; the stack's own comes back in the end.

    The next update is the way back, which must succeed as well.
    """
    with readable(lab.stack, [texts]):
        assign(lab.ec2, [node], release.digest_of(texts))
        yield folder(texts)
    assigned_again(lab, node)


def assigned_again(lab, node):
    """Assign the stack's own release, and see that it runs."""
    own = release.files(lab.stack.settings())
    assign(lab.ec2, [node], release.digest_of(own))
    (node,) = (each for each in lab.stack.running_nodes() if each.name == node.name)
    assert runs(node, folder(own)), releases.text(node)
    assert whole(node) == folder(own)


def runs(node, name):
    """Whether a node comes to run a release, with its agent and updater content."""

    def content():
        state = agent_state(node)
        return state and state.files == running(node) == name and not releases.text(node)

    return wait_until(lambda: bool(content()), SECONDS)


def updater(node):
    return int(node.run("systemctl", "show", "-PMainPID", "podnet-update"))


MOMENTS = {
    "fetched": lambda node, name: (node.root / place_of(name)[1:]).is_dir(),
    "trial": lambda node, name: name in trial(node),
    "moved": lambda node, name: running(node) == name,
}
"""Moments of an update, by what the node's disk shows first."""


def trial(node):
    with contextlib.suppress(FileNotFoundError):
        return (node.root / STATE / "trial").read_text()
    return ""


def seen(moment, node, name):
    """Whether a moment of the update to this folder comes."""
    return wait_until(lambda: MOMENTS[moment](node, name), SECONDS, 0.005)
