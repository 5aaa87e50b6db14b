import commands
import pytest


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("[preflight] x\nerror: phase preflight: y\nTo see the stack trace\n", "error: phase pref"),
        ("Reading\nE: Version '1' for 'kubeadm' was not found\n", "E: Version '1'"),
        ("one\nlast\n\n", "last"),
        ("", "no output"),
    ],
    ids=["kubeadm", "apt", "other", "nothing"],
)
def test_the_line_with_the_reason_is_found(output, line):
    assert commands.error_line(output).startswith(line)
