"""Commands that are killed at moments spread over what they log, and what must hold afterwards."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from podnet.lab.clients import client, pages
from podnet.lab.home import PROJECT, Home

REGION = "eu-central-1"
SECONDS = 300
LISTINGS = (
    ("ec2", "describe_vpcs", "Vpcs"),
    ("ec2", "describe_subnets", "Subnets"),
    ("ec2", "describe_internet_gateways", "InternetGateways"),
    ("ec2", "describe_route_tables", "RouteTables"),
    ("ec2", "describe_security_groups", "SecurityGroups"),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces"),
    ("ec2", "describe_volumes", "Volumes"),
    ("iam", "list_roles", "Roles"),
    ("iam", "list_instance_profiles", "InstanceProfiles"),
    ("ssm", "describe_parameters", "Parameters"),
)


@dataclass(frozen=True)
class Moment:
    """A moment in the run of a command: so long after it logged so many lines."""

    lines: int
    seconds: float

    def __str__(self):
        return f"{self.seconds:.2f} s after line {self.lines}"


def moments(timeline, count, draw):
    """So many moments of a run that logged at these times: as many after each line, jittered."""
    begins, ends = [0.0, *timeline[:-1]], timeline
    for number in range(count):
        place = (number + draw.random()) / count * len(timeline)
        line = min(int(place), len(timeline) - 1)
        yield Moment(line, (place - line) * (ends[line] - begins[line]))


class Killed:
    """A lab whose commands run as a user's do, in processes of their own."""

    def __init__(self, nodes):
        self.directory = Path(tempfile.mkdtemp(prefix="podnet-"))
        self.directory.rmdir()
        self.ids = set()
        self.running = None
        self.seed = int(os.environ.get("PODNET_SEED") or random.SystemRandom().randrange(10**6))
        self.draw = random.Random(self.seed)  # noqa: S311  # a seed is the point
        self.up = ("up", "--engine", "embedded", "-c", f"nodeCount={nodes}")
        ends = 3 * nodes  # each node and its two pods
        self.pairs = ends * (ends - 1)

    def start(self, *words):
        """A command whose log, its standard error, is to be read; `result` has its output."""
        self.result = self.directory.with_name(f"{self.directory.name}.out")
        with self.result.open("w") as result:
            self.running = self._start(result, *words)
        return self.running

    def _start(self, result, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "podnet.cli", "--lab", str(self.directory), *words],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=result,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words):
        """The result of a command that must end well, and the times at which it logged a line."""
        begun = time.monotonic()
        process = self.start(*words)
        lines, times = [], []
        for line in process.stderr:
            lines.append(line)
            times.append(time.monotonic() - begun)
        process.stderr.close()
        code = process.wait(SECONDS)
        output = "".join(lines)
        assert (code, "Traceback" in output) == (0, False), output
        if Home.exists(self.directory):
            self.ids.add(Home.open(self.directory).id)
        return self.result.read_text(), times

    def kill(self, moment, *words):
        """Run a command up to this moment; what it had logged, and whether it still ran."""
        process = self.start(*words)
        lines, reached = [], threading.Event()

        def read():
            for line in process.stderr:
                lines.append(line)
                if len(lines) >= moment.lines:
                    reached.set()
            reached.set()

        reader = threading.Thread(target=read)
        reader.start()
        if moment.lines:
            reached.wait(SECONDS)
        time.sleep(moment.seconds)
        ran = process.poll() is None
        process.kill()
        process.wait()
        reader.join(SECONDS)
        process.stderr.close()
        assert "Traceback" not in "".join(lines), "".join(lines)
        if Home.exists(self.directory):
            self.ids.add(Home.open(self.directory).id)
        return ran

    def check_green(self):
        """Every pair that must exist passes."""
        verdict = json.loads(self.run("matrix", "--json")[0])
        assert (verdict["pairs"], verdict["passed"]) == (self.pairs, self.pairs), verdict["failed"]

    def census(self):
        """How many of each kind of resource the API has; default ones are there without podnet."""
        endpoint = Home.open(self.directory).cloud_endpoint.read_text()
        counted = Counter()
        for service, operation, key in LISTINGS:
            asking = client(service, endpoint, REGION)
            counted[key] = sum(1 for _ in pages(asking, operation, key))
        ec2 = client("ec2", endpoint, REGION)
        found = [
            instance
            for each in pages(ec2, "describe_instances", "Reservations")
            for instance in each["Instances"]
        ]
        counted["Instances"] = sum(each["State"]["Name"] == "running" for each in found)
        counted["Routes"] = sum(
            len(table["Routes"]) for table in pages(ec2, "describe_route_tables", "RouteTables")
        )
        return counted

    def check_nothing_left(self):
        """No directory, name, mount, group or process of any lab that was here."""
        assert not self.directory.exists()
        names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        groups = [str(path) for path in Path("/sys/fs/cgroup").glob("*/*")]
        for id_ in self.ids:
            assert id_ not in names.stdout
            assert not [path for path in groups if id_ in path]
        assert str(self.directory) not in Path("/proc/mounts").read_text()
        assert not [file for file in Path("/proc").glob("[0-9]*/cmdline") if self._names(file)]

    def _names(self, file):
        try:
            return str(self.directory).encode() in file.read_bytes()
        except OSError:
            return False

    def end(self):
        # An interrupted test leaves its command, for which `down` would not wait.
        if self.running and self.running.poll() is None:
            self.running.kill()
            self.running.wait()
        self.run("down")
        self.result.unlink(missing_ok=True)


def say(text):
    """Print a line at once, for whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def kills(lab, timeline, count, words_of, around):
    """Kill a command at so many moments; `around` is called with the words of each that was."""
    for number, moment in zip(itertools.count(1), moments(timeline, count, lab.draw), strict=False):
        words = words_of(number)
        place = f"kill {number} of {count}: `{' '.join(words)}`, {moment} (PODNET_SEED={lab.seed})"
        begun = time.monotonic()
        try:
            ran = lab.kill(moment, *words)
            around(number)
        except BaseException as error:
            error.add_note(place)
            raise
        took = time.monotonic() - begun
        say(f"{place}{'' if ran else ', had ended'}: green after {took:.0f} s")
