"""Commands that are killed at moments spread over what they log, and what must hold afterwards."""

from __future__ import annotations

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

from podnet.lab.clients import Clients, instances
from podnet.lab.home import PROJECT, Home
from podnet.plan import tags as tag_keys
from podnet.plan.routing import Routing
from podnet.world.reader.calls import pages

REGION = "eu-central-1"
SECONDS = 300
AT_ONCE = 0.2
"""Lines that follow each other within so many seconds are logged at one moment."""
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

    def earlier(self):
        return Moment(max(self.lines - 1, 0), self.seconds / 2)

    def __str__(self):
        return f"{self.seconds:.2f} s after line {self.lines}"


def moments(timeline, count, draw):
    """So many moments of a run that logged at these times and then ended: evenly over its steps.

    A step lasts from one line to the next; lines that come at once are one.
    """
    begins = [0.0, *timeline[:-1]]
    steps = [
        (line, end - begin)
        for line, (begin, end) in enumerate(zip(begins, timeline, strict=True))
        if end - begin > AT_ONCE
    ]
    for number in range(count):
        place = (number + draw.random()) / count * len(steps)
        step = min(int(place), len(steps) - 1)
        line, seconds = steps[step]
        yield Moment(line, (place - step) * seconds)


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
            # A user's commands keep the modules that they compile; compiling takes two seconds.
            env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            stdin=subprocess.DEVNULL,
            stdout=result,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words):
        """The result of a command that must end well, the times of its lines, and its end's."""
        begun = time.monotonic()
        process = self.start(*words)
        lines, times = [], []
        for line in process.stderr:
            lines.append(line)
            times.append(time.monotonic() - begun)
        process.stderr.close()
        code = process.wait(SECONDS)
        times.append(time.monotonic() - begun)
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
        asking = Clients(Home.open(self.directory).cloud_endpoint.read_text())
        counted = Counter()
        for service, operation, key in LISTINGS:
            counted[key] = sum(1 for _ in pages(asking.get(service, REGION), operation, key))
        ec2 = asking.get("ec2", REGION)
        counted["Instances"] = sum(each["State"]["Name"] == "running" for each in instances(ec2))
        counted["Routes"] = sum(
            len(table["Routes"]) for table in pages(ec2, "describe_route_tables", "RouteTables")
        )
        return counted

    def routing(self):
        """The routing mode that the nodes are assigned, which must be one."""
        ec2 = Clients(Home.open(self.directory).cloud_endpoint.read_text()).get("ec2", REGION)
        wanted = [{"Name": "key", "Values": [tag_keys.ROUTING]}]
        found = pages(ec2, "describe_tags", "Tags", Filters=wanted)
        (mode,) = {str(Routing.parse(tag["Value"]).mode) for tag in found}
        return mode

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


def kills(lab, timeline, count, words_of, check):
    """Kill a command at so many moments, and `check` after each.

    A command that had ended by then is killed again, one line and half the time earlier.
    """
    for number, first in enumerate(moments(timeline, count, lab.draw), 1):
        moment, ran = first, False
        while not ran:
            words = words_of()
            place = (
                f"kill {number} of {count} (PODNET_SEED={lab.seed}): `{' '.join(words)}`, {moment}"
            )
            begun = time.monotonic()
            try:
                ran = lab.kill(moment, *words)
                check()
            except BaseException as error:
                error.add_note(place)
                raise
            took = time.monotonic() - begun
            say(f"{place}{'' if ran else ', had ended'}: green after {took:.0f} s")
            moment = moment.earlier()
