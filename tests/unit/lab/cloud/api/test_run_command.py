"""Run Command as the lab offers it: the document runs, within AWS's limits and for whom it may."""

import json
import time
from ipaddress import IPv4Network

import pytest
from botocore.exceptions import ClientError

from podnet.components.roles import SESSIONS_ALONE
from podnet.lab.clients import client
from podnet.system.waiting import wait_until

REGION = "eu-central-1"
DOCUMENT = {
    "schemaVersion": "2.2",
    "parameters": {
        "Words": {"type": "String", "allowedPattern": "^[a-z ]*$", "default": "hello"},
        "Kind": {"type": "String", "allowedValues": ["loud", "soft"]},
        "Seconds": {"type": "String", "default": "20"},
    },
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "say",
            "inputs": {
                "timeoutSeconds": "{{ Seconds }}",
                "runCommand": ["set -eu", "echo {{ Kind }} '{{ Words }}'"],
            },
        }
    ],
}


@pytest.fixture(scope="module")
def ssm(endpoint):
    return client("ssm", endpoint, REGION)


@pytest.fixture(scope="module")
def launch(ec2, iam, image):
    """Launches an instance whose role has this policy, or none."""
    made = []

    def launched(policy):
        name = f"run-command-{len(made)}"
        made.append(name)
        cidr = str(IPv4Network("172.24.0.0/24"))
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        run = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            IamInstanceProfile={"Name": name},
        )
        return run["Instances"][0]["InstanceId"]

    return launched


@pytest.fixture(scope="module")
def managed(launch):
    return launch(SESSIONS_ALONE)


@pytest.fixture(scope="module")
def documents(ssm):
    """Makes documents with other commands."""

    def make(name, *commands):
        content = json.loads(json.dumps(DOCUMENT))
        if commands:
            content["mainSteps"][0]["inputs"]["runCommand"] = commands
        ssm.create_document(
            Content=json.dumps(content), Name=name, DocumentType="Command", DocumentFormat="JSON"
        )
        return name

    make("say")
    return make


def send(ssm, instance, document="say", **parameters):
    given = {key: [value] for key, value in {"Kind": "soft", **parameters}.items()}
    sent = ssm.send_command(
        DocumentName=document, InstanceIds=[instance], Parameters=given, TimeoutSeconds=30
    )
    return sent["Command"]["CommandId"]


def finished(ssm, command, instance):
    def look():
        listed = ssm.list_command_invocations(CommandId=command)["CommandInvocations"]
        return [each for each in listed if each["Status"] not in ("Pending", "InProgress")]

    assert wait_until(look, 30)
    return ssm.get_command_invocation(CommandId=command, InstanceId=instance)


def test_a_document_runs_with_its_parameters_and_its_output_is_returned(ssm, managed, documents):
    found = finished(ssm, send(ssm, managed, Words="good day", Kind="loud"), managed)

    assert (found["Status"], found["ResponseCode"]) == ("Success", 0)
    assert found["StandardOutputContent"] == "loud good day\n"


def test_a_script_that_fails_is_failed_with_its_code_and_words(ssm, managed, documents):
    name = documents("fails", "echo lost >&2", "exit 3")
    found = finished(ssm, send(ssm, managed, name), managed)

    assert (found["Status"], found["ResponseCode"]) == ("Failed", 3)
    assert found["StandardErrorContent"] == "lost\nfailed to run commands: exit status 3"


def test_a_script_that_takes_too_long_times_out_and_shows_no_output(ssm, managed, documents):
    name = documents("sleeps", "echo begun", "sleep 30")
    found = finished(ssm, send(ssm, managed, name, Seconds="1"), managed)

    assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "Execution Timed Out")
    assert found["StandardOutputContent"] == ""


def test_output_is_cut_where_aws_cuts_it(ssm, managed, documents):
    command = send(ssm, managed, documents("long", "yes | head -c 50000"))
    whole = finished(ssm, command, managed)
    listed = ssm.list_command_invocations(CommandId=command, Details=True)

    assert len(whole["StandardOutputContent"]) == 24_000
    (invocation,) = listed["CommandInvocations"]
    assert [len(each["Output"]) for each in invocation["CommandPlugins"]] == [2_500]


def test_an_invocation_is_unknown_for_a_moment(ssm, managed, documents):
    command = send(ssm, managed)
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId=command, InstanceId=managed)
    time.sleep(0.4)

    assert ssm.get_command_invocation(CommandId=command, InstanceId=managed)["Status"]


@pytest.mark.parametrize(
    ("document", "parameters", "code"),
    [
        ("say", {"Words": "'; reboot; '"}, "InvalidParameters"),
        ("say", {"Words": "two\nlines"}, "InvalidParameters"),
        ("say", {"Kind": "shrill"}, "InvalidParameters"),
        ("say", {"Else": "x"}, "InvalidParameters"),
        ("nobody-made-this", {}, "InvalidDocument"),
        ("AWS-RunShellScript", {}, "InvalidDocument"),
    ],
)
@pytest.mark.usefixtures("documents")
def test_what_the_document_does_not_allow_is_refused(ssm, managed, document, parameters, code):
    with pytest.raises(ClientError) as caught:
        send(ssm, managed, document, **parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_an_instance_whose_role_lets_no_agent_register_takes_no_command(ssm, launch, documents):
    for policy in (None, SESSIONS_ALONE.replace("ssmmessages:CreateControlChannel", "ssm:None")):
        with pytest.raises(ClientError, match="InvalidInstanceId"):
            send(ssm, launch(policy))


def test_a_stopped_instance_is_listed_as_one_whose_connection_is_lost(ssm, ec2, launch):
    on, off, never = launch(SESSIONS_ALONE), launch(SESSIONS_ALONE), launch(None)
    ec2.stop_instances(InstanceIds=[off])
    filters = [{"Key": "InstanceIds", "Values": [on, off, never]}]
    pages = ssm.get_paginator("describe_instance_information").paginate(Filters=filters)
    found = {
        each["InstanceId"]: each["PingStatus"]
        for page in pages
        for each in page["InstanceInformationList"]
    }

    assert found == {on: "Online", off: "ConnectionLost"}


def test_more_instances_than_aws_takes_at_once_are_refused(ssm, documents):
    with pytest.raises(ClientError, match="1 to 50 InstanceIds"):
        ssm.send_command(DocumentName="say", InstanceIds=[f"i-{n:017x}" for n in range(51)])


def test_what_the_lab_does_not_run_is_not_answered_by_moto(ssm):
    with pytest.raises(ClientError, match="the lab does not serve ListCommands"):
        ssm.list_commands()
