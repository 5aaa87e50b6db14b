"""A shell in which a user runs `pulumi` and `aws`, at the lab's API."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from podnet.lab.providers.aws.plugin import install as install_aws
from tests.cli.conftest import REGION

AWS_CLI = Path(__file__).with_name("aws_cli.py")


def run_in(
    folder: Path, environment: dict[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """A command that may fail, with all that it printed in one text."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )


class Shell:
    """A shell in the clone of a user who has logged in to a backend of files."""

    def __init__(self, clone: Path, home: Path, endpoint: str) -> None:
        self.clone = clone
        tools = home / "tools"
        (home / "backend").mkdir(parents=True)
        tools.mkdir()
        install_aws(home / "pulumi")
        (tools / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} {AWS_CLI} "$@"\n')
        (tools / "aws").chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(home / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{home / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # What a user answers when asked.
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def run(self, script: str, **words: str) -> str:
        """The output of commands, with the page's words in capitals replaced."""
        for word, value in words.items():
            script = re.sub(rf"\b{word}\b", value, script)
        done = self.try_(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def try_(self, script: str) -> subprocess.CompletedProcess:
        """Run commands that may fail."""
        return run_in(self.clone, self.environment, "sh", "-e", "-c", script)

    def start(self, *command: str) -> subprocess.Popen:
        return subprocess.Popen(
            command, cwd=self.clone, env=self.environment, stdout=subprocess.DEVNULL
        )
