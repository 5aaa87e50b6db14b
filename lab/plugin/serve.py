"""The process of a plugin: serves on loopback until the engine of the Pulumi CLI is done."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from lab.plugin.servicer import Servicer

PARALLEL = 32
"""Calls served at once; one that waits, for an instance or a rollout, holds up no other."""


def serve(servicer: Servicer) -> None:
    """Serve on a free port of loopback, told on standard output, until the engine is done."""
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
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    done.wait()
    server.stop(grace=5).wait()
