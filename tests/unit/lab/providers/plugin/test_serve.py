"""The process of a plugin: where it lies, and that it ends with the engine that started it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.metadata import version

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from podnet.lab.providers.aws import plugin as aws_plugin
from podnet.lab.providers.kubernetes import plugin as kubernetes_plugin
from podnet.lab.providers.wire import encode

PLUGINS = {"aws": aws_plugin, "kubernetes": kubernetes_plugin}
ENGINE = """
import json, socket, subprocess, sys, time
listener = socket.create_server(("127.0.0.1", 0))
address = "127.0.0.1:%d" % listener.getsockname()[1]
plugin = subprocess.Popen([sys.argv[1], address], stdout=subprocess.PIPE, text=True)
print(json.dumps([plugin.pid, int(plugin.stdout.readline())]), flush=True)
time.sleep(600)
"""
SECONDS = 15.0
"""How long a plugin may outlive its engine: the grace for calls, and a loaded machine."""


@contextmanager
def stub_of(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)


@pytest.fixture(params=PLUGINS)
def package(request):
    return request.param


@pytest.fixture
def engine():
    """Starts plugins as the engine of the CLI does: its process, the plugin's id and port."""
    begun = []

    def start(program, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", ENGINE, program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        begun.append(process)
        pid, port = json.loads(process.stdout.readline())
        handle = os.pidfd_open(pid)
        begun.append(handle)
        return process, handle, port

    yield start
    for each in begun:
        if isinstance(each, int):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(each, signal.SIGKILL)
            os.close(each)
        else:
            each.kill()
            each.wait()
            each.stdout.close()


def ended(handle, seconds):
    """Whether the process behind a pidfd ends within so many seconds."""
    return bool(select.select([handle], [], [], seconds)[0])


def test_the_executable_is_where_the_cli_looks_and_answers_until_it_is_interrupted(
    package, tmp_path
):
    install = PLUGINS[package].install
    program = install(tmp_path)
    first = program.stat()

    assert program.relative_to(tmp_path).as_posix() == (
        f"plugins/resource-{package}-v{version(f'pulumi_{package}')}/pulumi-resource-{package}"
    )
    assert install(tmp_path).stat().st_mtime_ns == first.st_mtime_ns
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [program, f"127.0.0.1:{listener.getsockname()[1]}"], stdout=subprocess.PIPE, text=True
        ) as running,
    ):
        with stub_of(int(running.stdout.readline())) as stub:
            reported = stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version
        running.send_signal(signal.SIGINT)
        try:
            code = running.wait(timeout=20)
        finally:
            running.kill()

    assert (reported, code) == (version(f"pulumi_{package}"), 0)


def test_a_plugin_ends_with_the_engine_that_was_killed(package, engine, tmp_path):
    process, plugin, port = engine(PLUGINS[package].install(tmp_path))
    with stub_of(port) as stub:
        stub.GetPluginInfo(empty_pb2.Empty(), timeout=10)
    alive = not ended(plugin, 1)
    process.kill()

    assert (alive, ended(plugin, SECONDS)) == (True, True)


def test_a_call_that_gets_no_answer_does_not_keep_a_plugin_alive(engine, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as thread:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process, plugin, port = engine(aws_plugin.install(tmp_path), AWS_ENDPOINT_URL=url)
        with stub_of(port) as stub:
            stub.Configure(pb.ConfigureRequest(args=encode({"region": "eu-central-1"})), timeout=20)
            call = thread.submit(stub.Invoke, pb.InvokeRequest(tok="aws:ec2/getVpcs:getVpcs"))
            with silent.accept()[0]:  # the call has reached the API, which never answers
                process.kill()

                assert ended(plugin, SECONDS)
                assert isinstance(call.exception(SECONDS), grpc.RpcError)


def test_a_plugin_ends_where_its_engine_has_ended_before_it_began(package, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    with subprocess.Popen(
        [PLUGINS[package].install(tmp_path), address], stdout=subprocess.DEVNULL
    ) as running:
        timer = threading.Timer(SECONDS, running.kill)
        timer.start()
        code = running.wait()
        timer.cancel()

    assert code == 0
