"""A key of OpenPGP with which a test signs, and a package of Debian to sign."""

import os
import subprocess

UNIT = """\
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


class Signer:
    """A key in a folder of its own; `options` are gpg's, such as another time."""

    def __init__(self, home, *options):
        home.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(home)}
        self.options = options
        self.gpg("--passphrase", "", "--quick-gen-key", "double", "ed25519", "sign", "2d")

    def gpg(self, *argv, stdin=None):
        return subprocess.run(
            ("gpg", "--batch", "--quiet", *self.options, *argv),
            input=stdin,
            capture_output=True,
            check=True,
            env=self.environment,
        ).stdout

    def armored(self):
        """The public key as AWS publishes its own."""
        return self.gpg("--armor", "--export").decode()

    def sign(self, data):
        return self.gpg("--detach-sign", stdin=data)

    def end(self):
        """End the agent that gpg started for this folder."""
        subprocess.run(("gpgconf", "--kill", "all"), check=True, env=self.environment)


def package(folder):
    """A package of this name, whose service sleeps."""
    root = folder / "double"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: amazon-ssm-agent\nVersion: 9\nArchitecture: all\nMaintainer: a test\n"
        "Description: a double\n"
    )
    units = root / "lib/systemd/system"
    units.mkdir(parents=True)
    (units / "amazon-ssm-agent.service").write_text(UNIT)
    built = folder / "double.deb"
    subprocess.run(
        ("dpkg-deb", "--root-owner-group", "--build", root, built), capture_output=True, check=True
    )
    return built.read_bytes()
