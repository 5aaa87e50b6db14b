"""The process of a plugin: serves on loopback until the engine of the Pulumi CLI is done."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from podnet.lab.providers.plugin.servicer import Servicer

PARALLEL = 32
"""Calls served at once; one that waits, for an instance or a rollout, holds up no other."""
GRACE = 5.0
"""Seconds that calls under way have to end."""


def serve(servicer: Servicer) -> None:
    """Serve on a free port of loopback, written to standard output, until the engine is done.

    The engine's address is the first argument of the command line.
    """
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # how the engine ends its plugins
        signal.signal(number, lambda *_: done.set())
    server = grpc.server(
        ThreadPoolExecutor(PARALLEL),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    # A killed engine ends nobody: whoever it started has to see its end.
    threading.Thread(target=_follow, args=(sys.argv[1], done), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    done.wait()
    server.stop(GRACE).wait()
    # A call that still waits for the API would hold the process until its answer, which nobody
    # takes any more.
    os._exit(0)


def _follow(engine: str, done: threading.Event) -> None:
    """Report the end of the process that started this one, which is the engine."""
    parent = os.pidfd_open(os.getppid())
    try:
        # One that ended before the line above has another in its place, and listens no more.
        host, _, port = engine.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=GRACE):
            pass
        select.select([parent], [], [])
    except OSError:
        pass
    finally:
        os.close(parent)
        done.set()
