"""`python -m podnet.lab.cloud --home DIRECTORY`: the cloud of one lab, until SIGTERM."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.cloud.api import server
from podnet.lab.cloud.api.api import Api
from podnet.lab.cloud.api.emulator import application
from podnet.lab.cloud.api.machines import Machines
from podnet.lab.cloud.api.ssm.endpoint import SsmEndpoint
from podnet.lab.cloud.fabric import Fabric
from podnet.lab.cloud.instances.commands import execute
from podnet.lab.cloud.lifecycle import CGROUP_MEMBER, cgroups
from podnet.lab.cloud.reconciler import Reconciler
from podnet.lab.cloud.services.internet import PublicEndpoint
from podnet.lab.home import Home
from podnet.lab.host import certificates
from podnet.lab.images import selection
from podnet.system.files import write_atomically


def main() -> int:
    """Run until SIGTERM; the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m podnet.lab.cloud", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory of the lab")
    parser.add_argument("--port", type=int, default=0, help="port of the API on loopback")
    arguments = parser.parse_args()
    logging.basicConfig(
        format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.WARNING
    )
    try:
        run(Home.open(arguments.home), arguments.port)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run(home: Home, port: int) -> None:
    """Serve the API and reconcile the lab with it."""
    # Held until the process ends, however it ends: others know by the lock that it runs.
    with home.cloud_pid.open("a+") as life:
        try:
            fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another cloud runs in {home.directory}; a lab has one", rule="cloud-single"
            ) from None
        life.truncate(0)
        life.write(f"{os.getpid()}\n")
        life.flush()
        groups = cgroups(home)
        groups.enter(CGROUP_MEMBER)
        groups.prefer(CGROUP_MEMBER)
        sock = server.listen(port)
        endpoint = f"http://{server.HOST}:{sock.getsockname()[1]}"
        reconciler = Reconciler(
            home, endpoint, partial(selection.root_of, home.image, cni_layer=home.cni_layer), groups
        )
        signal.signal(signal.SIGTERM, lambda *_: reconciler.end())
        api = Api(
            application(),
            reconciler.changed,
            reconciler.wait_until_applied,
            reconciler.metadata_faults.change,
            Machines(consoles=partial(_console, home), execute=partial(execute, home.instances)),
        )
        threading.Thread(target=server.serve(api, sock).serve_forever, daemon=True).start()
        threading.Thread(target=api.warm, daemon=True).start()
        write_atomically(home.cloud_endpoint, endpoint)
        reconciler.run(
            PublicEndpoint(
                Fabric(home).internet_namespace,
                lambda: certificates.ensure(home.image),
                SsmEndpoint(api),
            )
        )


def _console(home: Home, instance_id: str) -> bytes:
    """All that an instance wrote to its console; nothing before its first boot."""
    try:
        return (home.instances / instance_id / "console.log").read_bytes()
    except FileNotFoundError:
        return b""


if __name__ == "__main__":
    sys.exit(main())
