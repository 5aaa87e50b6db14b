"""A program for the tests: the API alone, in a process of its own as moto keeps global state.

It serves the API, and on a port of its own what instances see of it.
"""

import json
import threading

from podnet.lab.cloud.api import server
from podnet.lab.cloud.api.api import Api
from podnet.lab.cloud.api.emulator import application
from podnet.lab.cloud.api.ssm_endpoint import SsmEndpoint

changes = []


def reported_changes() -> bytes:
    return json.dumps([[call.action, call.region] for call in changes]).encode()


api = Api(application(), changes.append, reported_changes)
for app in (api, SsmEndpoint(api)):
    sock = server.listen(0)
    threading.Thread(target=server.serve(app, sock).serve_forever, daemon=True).start()
    print(sock.getsockname()[1], flush=True)  # noqa: T201  # this is how the test learns the port
input()
