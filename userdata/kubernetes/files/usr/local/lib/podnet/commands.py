"""Runs commands that take long, and finds the reason of a failure in their output."""

import re
import subprocess


def stream(*argv: str) -> tuple[int, str]:
    """Run a command and log its output line by line; returns its exit code and its output."""
    lines = []
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


def error_line(output: str) -> str:
    """The last line of an output that names an error, or else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"error|E:|\[ERROR", line, re.IGNORECASE)]
    return (errors or lines or ["no output"])[-1]
