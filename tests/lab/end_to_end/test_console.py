"""The console of a node, as EC2 gives it to whoever cannot log in, says why it failed."""

import gzip

import pytest

from podnet import userdata
from podnet.plan import tags
from podnet.plan.image import REFUSAL
from podnet.plan.settings import Settings
from podnet.system.waiting import wait_until
from podnet.userdata.rendering import UNPACK

pytestmark = pytest.mark.lab
SECONDS = 120


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    lab.up(nodeCount=1)
    return lab


@pytest.fixture
def says(lab):
    """Whether an instance comes to write this to its console."""

    def find(instance, text):
        return wait_until(
            lambda: text in lab.ec2.get_console_output(InstanceId=instance)["Output"], SECONDS
        )

    return find


def test_a_unit_that_cannot_start_says_why_on_the_console(lab, says):
    node = lab.node("node-1")
    folder = "/run/systemd/system/podnet-agent.service.d"
    node.run("mkdir", "-p", folder)
    failing = '[Service]\\nExecStartPre=/bin/sh -c "echo no mirror answers; exit 1"\\n'
    node.run("sh", "-c", f"printf '{failing}' > {folder}/fail.conf; systemctl daemon-reload")
    node.run("sh", "-c", "systemctl restart --no-block podnet-agent")

    assert says(node.instance_id, "no mirror answers")
    node.run("sh", "-c", f"rm -r {folder}; systemctl daemon-reload; systemctl restart podnet-agent")


@pytest.fixture
def launch(lab):
    """Launch one more instance beside the nodes, with this user data; returns its id."""

    def run(text, address):
        own = [{"Name": f"tag:{tags.STACK}", "Values": [lab.stack.identity]}]
        subnet = lab.ec2.describe_subnets(Filters=own)["Subnets"][0]["SubnetId"]
        image = lab.ec2.describe_instances(InstanceIds=[lab.node("node-1").instance_id])
        interface = {"DeviceIndex": 0, "SubnetId": subnet, "PrivateIpAddress": address}
        made = lab.ec2.run_instances(
            ImageId=image["Reservations"][0]["Instances"][0]["ImageId"],
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            UserData=gzip.compress(text.encode()),
            NetworkInterfaces=[interface],
        )
        return made["Instances"][0]["InstanceId"]

    return run


def test_a_first_script_that_fails_says_why_on_the_console(launch, says):
    first = UNPACK.read_text().splitlines()[0]
    failing = userdata.render(Settings(), "dev").replace(
        f"    {first}\n", "    import no_such_module\n"
    )

    assert says(launch(failing, "192.168.1.90"), "No module named 'no_such_module'")


def test_an_image_of_another_system_is_refused_on_the_console_and_starts_nothing(lab, launch, says):
    system = 'PRETTY_NAME="Rocky Linux 9.4"\nID="rocky"\nVERSION_ID="9.4"\n'
    extra = {"write_files": [{"path": "/etc/os-release", "content": system}]}
    settings = Settings(image_id="ami-0a1b2c3d", extra_user_data=extra)

    made = launch(userdata.render(settings, "dev"), "192.168.1.91")

    assert says(made, f"podnet: Rocky Linux 9.4: {REFUSAL.text}")
    assert says(made, "finished at")
    written = lab.home.instances / made / "upper/usr/local/lib"
    assert [path.name for path in written.glob("podnet*")] == ["podnet-base.bz2"]
