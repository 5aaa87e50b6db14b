"""A program for the tests: the API alone, in a process of its own as moto keeps global state.

It serves the API, and on a port of its own what instances see of it. Nodes say what they are
assigned.
"""

import json
import subprocess
import threading

from podnet.lab.cloud.api import server
from podnet.lab.cloud.api.api import Api
from podnet.lab.cloud.api.emulator import application
from podnet.lab.cloud.api.machines import Machines
from podnet.lab.cloud.api.ssm.endpoint import SsmEndpoint
from tests.nodes import with_nodes

TIMED_OUT = 124
changes = []


def reported_changes() -> bytes:
    return json.dumps([[call.action, call.region] for call in changes]).encode()


def run_here(instance_id: str, script: str, seconds: float) -> tuple[int | None, str, str]:
    """Every instance is this machine."""
    del instance_id
    argv = ["timeout", str(seconds), "sh", "-s"]
    done = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
    return (None if done.returncode == TIMED_OUT else done.returncode), done.stdout, done.stderr


machines = Machines(execute=run_here)
api = Api(with_nodes(application()), changes.append, reported_changes, machines=machines)
for app in (api, SsmEndpoint(api)):
    sock = server.listen(0)
    threading.Thread(target=server.serve(app, sock).serve_forever, daemon=True).start()
    print(sock.getsockname()[1], flush=True)  # noqa: T201  # this is how the test learns the port
input()
