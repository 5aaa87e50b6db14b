"""SSM as an instance reaches it: by its AWS name, over TLS, with the keys in its metadata."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import boto3
import pytest

from podnet.lab.cloud import lifecycle, process
from podnet.lab.cloud.fabric import AWS_HOST
from podnet.lab.host import certificates as authority

pytestmark = pytest.mark.lab

REGION = "eu-central-1"
ARN = f"arn:aws:ssm:{REGION}:123456789012:parameter"
# With nothing but what boto3 finds by itself, as a program on an instance would.
ASK = """
import boto3, json, sys
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
method, said = json.loads(sys.argv[1])
try:
    ssm = boto3.client("ssm", region_name="eu-central-1", config=Config(connect_timeout=3))
    print(json.dumps(getattr(ssm, method)(**said), default=str))
except (BotoCoreError, ClientError) as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
"""


def ask(cloud, node, method, *, trusts=True, **said):
    """SSM's answer to boto3 in the instance's network, with its resolver."""
    resolver = cloud.home.directory / "resolv.conf"
    resolver.write_text("nameserver 172.20.4.2\n")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(cloud.home.directory),
        "AWS_MAX_ATTEMPTS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    if trusts:
        env["AWS_CA_BUNDLE"] = str(authority.ensure(cloud.home.image).certificate)
    mounted = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
    done = subprocess.run(
        [
            "nsenter",
            f"--net={node.netns}",
            "unshare",
            "--mount",
            "sh",
            "-c",
            mounted,
            "sh",
            str(resolver),
            sys.executable,
            "-c",
            ASK,
            json.dumps([method, said]),
        ],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ssm(cloud):
    """SSM as the one who has the lab sees it; the role of node-1 may read one parameter."""
    client = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=process.running(cloud.home),
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )
    client.put_parameter(Name="/t/join", Value="hidden", Type="SecureString")
    client.put_parameter(Name="/t/other", Value="hidden", Type="SecureString")
    allowed = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": f"{ARN}/t/join"}
    cloud.iam.put_role_policy(
        RoleName="node",
        PolicyName="join",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    lifecycle.wait_until_applied(cloud.home)
    return client


def test_an_instance_reads_what_its_role_allows_and_nothing_more(cloud, ssm):
    node = cloud.booted("node-1")
    read = ask(cloud, node, "get_parameter", Name="/t/join", WithDecryption=True)
    closed = ask(cloud, node, "get_parameter", Name="/t/join")
    other = ask(cloud, node, "get_parameter", Name="/t/other", WithDecryption=True)
    written = ask(cloud, node, "put_parameter", Name="/t/join", Value="x", Overwrite=True)
    who = f"User: arn:aws:sts::123456789012:assumed-role/node/{node.instance_id} is not authorized"

    assert read["Parameter"]["Value"] == "hidden"
    assert "hidden" not in closed["Parameter"]["Value"]
    assert (
        f"{who} to perform: ssm:GetParameter on resource: {ARN}/t/other because" in other["error"]
    )
    assert (
        f"{who} to perform: ssm:PutParameter on resource: {ARN}/t/join because" in written["error"]
    )
    assert ssm.get_parameter(Name="/t/join", WithDecryption=True)["Parameter"]["Version"] == 1


def test_a_changed_policy_holds_for_keys_that_are_out_already(cloud, ssm):
    node = cloud.booted("node-1")
    before = ask(cloud, node, "get_parameter", Name="/t/join")
    document = cloud.iam.get_role_policy(RoleName="node", PolicyName="join")["PolicyDocument"]
    cloud.iam.delete_role_policy(RoleName="node", PolicyName="join")
    after = ask(cloud, node, "get_parameter", Name="/t/join")
    cloud.iam.put_role_policy(
        RoleName="node", PolicyName="join", PolicyDocument=json.dumps(document)
    )

    assert "Parameter" in before
    assert "AccessDeniedException" in after["error"]


def test_an_instance_without_a_role_has_no_keys(cloud, ssm):
    assert (
        "NoCredentialsError"
        in ask(cloud, cloud.booted("node-2"), "get_parameter", Name="/t/join")["error"]
    )


def test_a_client_that_does_not_trust_the_labs_authority_gets_no_connection(cloud, ssm):
    found = ask(cloud, cloud.booted("node-1"), "get_parameter", trusts=False, Name="/t/join")

    assert "SSLError" in found["error"]
    assert "CERTIFICATE_VERIFY_FAILED" in found["error"]


def test_a_silent_caller_does_not_delay_another(cloud, ssm):
    node = cloud.booted("node-1")
    silent = [
        "nsenter",
        f"--net={node.netns}",
        sys.executable,
        "-c",
        f"import socket; s = socket.create_connection(('{AWS_HOST}', 443)); input()",
    ]
    with subprocess.Popen(silent, stdin=subprocess.PIPE) as process:
        time.sleep(0.5)
        read = ask(cloud, node, "get_parameter", Name="/t/join")
        process.communicate(b"\n")

    assert "Parameter" in read


def test_the_way_to_an_endpoint_is_the_way_to_the_internet(cloud, ssm):
    node = cloud.booted("node-1")
    name = node.run("getent", "ahostsv4", f"ssm.{REGION}.amazonaws.com").split()[0]
    other = node.run("sh", "-c", f"getent hosts ec2.{REGION}.amazonaws.com || echo no such name")
    group = cloud.ec2.describe_instances(InstanceIds=[node.instance_id])["Reservations"][0][
        "Instances"
    ][0]["NetworkInterfaces"][0]["Groups"][0]["GroupId"]
    out = cloud.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
        "IpPermissionsEgress"
    ]
    cloud.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=out)
    lifecycle.wait_until_applied(cloud.home)
    shut = ask(cloud, node, "get_parameter", Name="/t/join")
    cloud.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=out)
    lifecycle.wait_until_applied(cloud.home)

    assert (name, other) == (str(AWS_HOST), "no such name\n")
    assert "ConnectTimeoutError" in shut["error"]
    assert "Parameter" in ask(cloud, node, "get_parameter", Name="/t/join")
