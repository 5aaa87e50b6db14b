"""A switch and a router in place of a VPC, and its metadata service."""

import secrets
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pyroute2 import netns

from podnet.system.commands import run

ROUTER = "192.168.1.1"
RESOLVER = "192.168.1.2"
METADATA = "169.254.169.254"
INTERNET = "203.0.113.80"


def socket_in(namespace, family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
    """A socket that lives in a namespace, whoever uses it."""
    netns.pushns(namespace)
    try:
        return socket.socket(family, kind, protocol)
    finally:
        netns.popns()


class Vpc:
    """A switch and a router in one, with the routes of mode vpc-routes and a metadata service."""

    def __init__(self):
        self.suffix = secrets.token_hex(3)
        self.namespaces = []
        self.tags = {}
        """The tag of each node, by the address that it asks from."""
        self.identities = {}
        """The node's address by its metadata, where it is not the one that it asks from."""
        self.token = secrets.token_hex(3)
        self.metadata = None
        self.silent = False
        """Whether the metadata service takes questions and answers none."""
        self.unanswered = 0
        self.failure = None
        """The status of every second answer, 0 to close the connection in place of it."""
        self.requests = 0

    def name(self, role):
        return f"lab-{role}-{self.suffix}"

    def add_namespace(self, role):
        name = self.name(role)
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def build(self):
        self.namespace = self.add_namespace("vpc")
        self.ip("link", "add", "eth0", "mtu", "9001", "type", "bridge")
        for address in (f"{ROUTER}/24", f"{RESOLVER}/32", f"{METADATA}/32", f"{INTERNET}/32"):
            self.ip("address", "add", address, "dev", "eth0")
        self.ip("link", "set", "eth0", "up")
        self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        self.run(
            "sh",
            "-c",
            "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects;"
            "echo 0 >/proc/sys/net/ipv4/conf/eth0/send_redirects",
        )
        self.serve_metadata()

    def forget_pods(self):
        """Have no route to pods, as in every mode but vpc-routes."""
        self.ip("route", "flush", "root", "10.0.0.0/8")

    def refuse_pods(self):
        """Let no packet with a pod's address on the wire, as the firewall of overlay and l2."""
        self.run(
            "nft",
            "add table bridge wall; add chain bridge wall wire "
            "{ type filter hook prerouting priority 0; }; "
            "add rule bridge wall wire ip saddr 10.1.0.0/16 drop; "
            "add rule bridge wall wire ip daddr 10.1.0.0/16 drop",
        )

    def serve_metadata(self):
        self.metadata = ThreadingHTTPServer((METADATA, 80), service(self), bind_and_activate=False)
        self.metadata.socket.close()
        self.metadata.socket = socket_in(self.namespace, kind=socket.SOCK_STREAM)
        self.metadata.server_bind()
        self.metadata.server_activate()
        threading.Thread(target=self.metadata.serve_forever, args=(0.05,)).start()

    def delete(self):
        if self.metadata:
            self.metadata.shutdown()
            self.metadata.server_close()
        for namespace in reversed(self.namespaces):
            run("ip", "netns", "delete", namespace)

    def ip(self, *argv):
        return run("ip", "-n", self.namespace, *argv)

    def run(self, *argv):
        return run("ip", "netns", "exec", self.namespace, *argv)


def service(vpc):
    """A metadata service with the tag and address of each node, for requests with a token."""

    class Handler(BaseHTTPRequestHandler):
        def parse_request(self):
            vpc.requests += 1
            closes = vpc.failure == 0 and vpc.requests % 2 == 0
            if not (vpc.silent or closes):
                return super().parse_request()
            vpc.unanswered += 1
            self.close_connection = True
            return False

        def do_PUT(self):
            self.answer(200, vpc.token)

        def do_GET(self):
            if self.headers["X-aws-ec2-metadata-token"] != vpc.token:
                self.answer(401, "")
            else:
                source = self.client_address[0]
                text = {
                    "/latest/meta-data/local-ipv4": vpc.identities.get(source, source),
                    "/latest/meta-data/tags/instance/podnet:routing": vpc.tags.get(source),
                }.get(self.path)
                self.answer(200 if text else 404, text or "")

        def answer(self, status, text):
            if vpc.failure and vpc.requests % 2 == 0:
                status, text = vpc.failure, ""
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    return Handler
