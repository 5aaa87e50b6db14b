"""What is written of a lab for somebody else to read."""

import json
import os
import signal
import tarfile

import pytest

from podnet.lab.clients import client, instances
from podnet.lab.cloud import lifecycle, process
from podnet.verify.choice import choose, subject
from podnet.world import saved
from tests.unit.bundle.planted import SECRETS, pieces
from tests.unit.report.dom import parse

pytestmark = pytest.mark.lab


def as_account(lab, monkeypatch):
    """Let the AWS CLI's own settings lead to the lab."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.stack.endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "lab")


def test_a_report_has_what_the_matrix_and_the_verifier_say(lab, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    assert "proved on paper; 30 of 30 pairs passed" in lab.podnet("report", "-o", str(page))
    as_account(lab, monkeypatch)
    live = ("--live", "--region", lab.stack.region, "--stack", "lab")
    assert "proved on paper; no packets" in lab.podnet("report", *live, "-o", str(page))
    assert "the account&#39;s own" in page.read_text()

    (found,) = instances(
        lab.ec2, {"Name": "instance-id", "Values": [lab.node("node-2").instance_id]}
    )
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    lab.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=interface, SourceDestCheck={"Value": True}
    )
    lifecycle.wait_until_applied(lab.home)
    said = lab.podnet("report", "-o", str(page))
    lab.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=interface, SourceDestCheck={"Value": False}
    )

    # pod-1a, pod-1b and node-1 with pod-2a and pod-2b, both ways.
    assert "not proved; 18 of 30 pairs passed" in said
    shown = parse(page.read_text())
    causes = [each.text for each in shown.all("h3")]
    assert causes.count(f"source/destination check of {interface}") == 2
    row = next(each for each in shown.all("tr") if each.children[0].text == "pod-1a")
    assert [cell.attrs["class"] for cell in row.all("td")] == [
        *("soft", "pass", "fail", "fail", "pass", "pass")
    ]


def bundle(lab, folder, *options):
    """The files of a bundle by name, and what the command says."""
    file = folder / "bundle.tar.gz"
    said = lab.podnet("debug", "bundle", "-o", str(file), *options)
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        found = {
            entry.name.partition("/")[2]: tar.extractfile(entry).read()
            for entry in tar.getmembers()
        }
    return found, json.loads(found["MANIFEST.json"]), said


def missing(manifest):
    return {each["name"]: each["why"] for each in manifest["missing"]}


def test_a_bundle_can_be_proved_and_captures_hold_no_payload(lab, tmp_path):
    with lab.traffic():
        files, manifest, _ = bundle(lab, tmp_path, "--capture", "2")

    world = tmp_path / "world.json"
    world.write_bytes(files["api/world.json"])
    assert "proved on paper" in lab.podnet("verify", "--file", str(world))
    world = saved.load(world)
    saved_stack = subject(world, choose(world.vpcs, lab.stack.identity, None, "the bundle"), None)
    assert [node.name for node in saved_stack.nodes] == ["node-1", "node-2"]
    assert json.loads(files["proof.json"])["holds"] is True
    assert missing(manifest).keys() == {f"nodes/node-{n}/allowances.json" for n in (1, 2)}
    for name in ("node-1", "node-2"):
        assert b"table inet podnet" in files[f"nodes/{name}/nft.txt"]
        assert b"podnet-agent" in files[f"nodes/{name}/journal.txt"]
        assert json.loads(files[f"nodes/{name}/agent-state.json"])["ready"] is True
        assert {"10.1.1.0/24", "10.1.2.0/24"} & {
            route["dst"] for route in json.loads(files[f"nodes/{name}/routes.json"])
        }
        # More than the file's own header; what asks the metadata service is HTTP.
        assert len(files[f"captures/{name}.pcap"]) > 1000
        assert b"HTTP/1.1" not in files[f"captures/{name}.pcap"]
    assert json.loads(files["plan/resources.json"])["resources"]


def test_a_bundle_of_an_account_has_its_vpc_and_consoles(lab, tmp_path, monkeypatch):
    as_account(lab, monkeypatch)
    files, manifest, _ = bundle(
        lab, tmp_path, "--live", "--region", lab.stack.region, "--hide-public-addresses"
    )

    world = saved.loads(files["api/world.json"].decode(), "the bundle")
    assert [vpc.id for vpc in world.vpcs] == [lab.outputs["vpcId"]]
    assert json.loads(files["proof.json"])["holds"] is True
    assert missing(manifest).keys() == {"nodes/node-1", "nodes/node-2"}
    assert b"podnet" in files["nodes/node-1/console.txt"]
    public = [node["publicIp"] for node in lab.outputs["nodes"].values()]
    everything = b"".join(files.values()).decode()
    assert not [each for each in public if each in everything]
    assert "198.18.0.1" in everything


def plant(lab, monkeypatch):
    """Secrets in every place that a bundle reads; those of which nothing may be seen."""
    planted = list(SECRETS.values())
    everything = "\n".join(planted)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", by_environment := "xyzzy of the environment")
    ssm = client("ssm", lab.stack.endpoint, lab.stack.region)
    by_parameter = "plugh of the parameter"
    ssm.put_parameter(Name="/planted", Value=by_parameter, Type="SecureString", Overwrite=True)
    unlike = f"{by_environment}\n{by_parameter}"
    node = lab.node("node-1")
    lab.ec2.create_tags(
        Resources=[node.instance_id],
        Tags=[
            {"Key": "note", "Value": f"{SECRETS['AWS secret key']} {by_parameter}"},
            {"Key": "dbPassword", "Value": "planted-in-a-tag"},
        ],
    )
    for file in (
        "var/log/cloud-init-output.log",
        "etc/podnet/node.env",
        "var/log/cloud-init.log",
    ):
        text = (node.root / file).read_text()
        (node.root / file).write_text(f"{text}\n# {unlike}\n{everything}")
    node.run("systemd-cat", stdin=f"{everything}\n{unlike}\n")
    node.run(
        "nft", "add", "table", "inet", "planted", "{", "comment", '"token=planted-in-nft"', ";}"
    )
    for file in (
        lab.home.instances / node.instance_id / "console.log",
        lab.home.cloud_log,
    ):
        with file.open("a") as log:
            log.write(f"{unlike}\n{everything}\n")
    overrides = {"other:apiToken": "planted-in-settings"}
    lab.home.overrides("lab").write_text(json.dumps(overrides))
    named = ["planted-in-a-tag", "planted-in-nft", "planted-in-settings"]
    return [
        *(piece for each in planted for piece in pieces(each)),
        by_environment,
        by_parameter,
        *named,
    ]


def test_no_secret_is_in_a_bundle(lab, tmp_path, monkeypatch):
    hidden = plant(lab, monkeypatch)
    try:
        files, manifest, _ = bundle(lab, tmp_path)
    finally:
        lab.home.overrides("lab").unlink()
        lab.node("node-1").run("nft", "delete", "table", "inet", "planted")

    found = {
        (name, secret)
        for name, data in files.items()
        for secret in hidden
        if secret in data.decode(errors="replace").replace("\\n", "\n")
    }
    assert found == set()
    for name in (
        *(
            "api/world.json",
            "api/describe_instances.json",
            "lab/cloud.log",
            "plan/configuration.json",
        ),
        *(
            f"nodes/node-1/{file}"
            for file in ("cloud-init-output.log", "node.env", "cloud-init.log")
        ),
        *(f"nodes/node-1/{file}" for file in ("journal.txt", "console.txt", "nft.txt")),
    ):
        assert b"[removed: " in files[name], name
    assert sum(manifest["removed"].values()) > 10 * len(SECRETS)
    saved.loads(files["api/world.json"].decode(), "the bundle")


def test_neither_a_dead_node_nor_a_dead_cloud_stops_a_bundle(lab, tmp_path):
    instance = lab.node("node-2").instance_id
    lab.ec2.stop_instances(InstanceIds=[instance])
    lifecycle.wait_until_applied(lab.home)
    files, manifest, said = bundle(lab, tmp_path)
    assert "nodes/node-1/nft.txt" in files
    assert missing(manifest)[f"nodes/{instance}"] == "no process of the instance runs"
    assert json.loads(files["proof.json"])["holds"] is False

    os.kill(process.pid(lab.home), signal.SIGSTOP)
    try:
        files, manifest, said = bundle(lab, tmp_path)
    finally:
        os.kill(process.pid(lab.home), signal.SIGCONT)
    assert "does not answer" in missing(manifest)["api/world.json"]
    assert "api/world.json: the lab's cloud at" in " ".join(said.split())
    node = lab.node("node-1").instance_id
    assert b"table inet podnet" in files[f"nodes/{node}/nft.txt"]
    assert saved.loads(files["plan/world.json"].decode(), "the plan").instances
