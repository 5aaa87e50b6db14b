"""The agent of Session Manager on a node: a double with a signature, from a bucket of its own."""

import threading

import pytest

from podnet.lab.cloud.api import server
from podnet.lab.host import certificates
from podnet.lab.nodes.agent_state import agent_state
from podnet.system.netns import inside
from podnet.system.waiting import wait_until
from tests.signing import Signer, package

pytestmark = pytest.mark.lab

UNIT = "podnet-session-manager.service"
KEY = "/usr/local/lib/podnet/amazon-ssm-agent.asc"
NOTE = "run/podnet-notes/sessionManager"
SECONDS = 60


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    lab.stack.save({"podnet:sessionManager": "true"})
    lab.up(nodeCount=1)
    return lab


@pytest.fixture(scope="module")
def node(lab):
    return lab.node("node-1")


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    made = Signer(tmp_path_factory.mktemp("keys") / "own")
    yield made
    made.end()


@pytest.fixture(scope="module")
def deb(tmp_path_factory):
    return package(tmp_path_factory.mktemp("package"))


def note(node):
    file = node.root / NOTE
    return file.read_text() if file.exists() else ""


def says(node, text):
    return wait_until(lambda: text in note(node), SECONDS)


@pytest.fixture(scope="module")
def bucket(lab, node):
    """What the bucket of the region holds, by path, as the node sees it on its own loopback."""
    region = lab.ec2.meta.region_name
    host, objects = f"s3.{region}.amazonaws.com", {}

    def app(environ, start_response):
        found = objects.get(environ["PATH_INFO"])
        start_response("404 Not Found" if found is None else "200 OK", [])
        return [found or b""]

    sock = inside(node.netns, lambda: server.listen(443))
    listener = server.serve(app, sock, certificates.ensure(lab.home.image).context([host]))
    thread = threading.Thread(target=listener.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    assert says(node, host)
    node.run("sh", "-c", f"echo 127.0.0.1 {host} >> /etc/hosts")
    folder = f"/amazon-ssm-{region}/latest/debian_amd64/amazon-ssm-agent.deb"
    yield lambda data, signature: objects.update({folder: data, f"{folder}.sig": signature})
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def publish(node, bucket, signer, deb):
    """Put the package and its signature into the bucket, with a defect, and have the node try."""

    def put(defect):
        if defect != "another key":
            node.run("tee", KEY, stdin=signer.armored())
        signature = None if defect == "no signature" else signer.sign(deb)
        bucket(deb + b"!" if defect == "changed package" else deb, signature)
        node.run("systemctl", "restart", UNIT)

    return put


def warnings(node):
    state = agent_state(node)
    return state.warnings if state else ("no state",)


def installed(node):
    return node.run("sh", "-c", "dpkg -s amazon-ssm-agent 2>&1 || true")


def test_a_bucket_out_of_reach_is_named_and_the_node_is_ready(lab, node):
    assert says(node, "cannot be fetched")
    named = note(node)

    console = lab.ec2.get_console_output(InstanceId=node.instance_id)["Output"]
    warning = f"node-1: sessionManager: {named}"

    assert f"Session Manager's agent is {named}" in console
    assert warning in lab.status(warning)
    assert lab.red() == set()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        # First, while the node has that of AWS.
        ("another key", "No public key"),
        ("no signature", "404"),
        ("changed package", "BAD signature"),
    ],
)
def test_what_has_no_good_signature_is_not_installed(node, publish, change, reason):
    publish(change)

    assert says(node, reason)
    assert "is not installed" in installed(node)


def test_a_package_with_a_good_signature_is_installed_and_started(node, publish):
    publish("")

    assert wait_until(lambda: not note(node), SECONDS)
    assert "Status: install ok installed" in installed(node)
    states = node.run("systemctl", "is-active", "amazon-ssm-agent", UNIT).split()
    assert states == ["active", "active"]
    assert wait_until(lambda: not warnings(node), SECONDS)
