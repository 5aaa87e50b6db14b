"""The machine image of a node when the settings name none."""

from __future__ import annotations

from podnet.plan.problem import Remark

DEBIAN = "136693071363"
"""The AWS account in which Debian publishes its images (Debian wiki, Cloud/AmazonEC2Image)."""

OWNERS = {"aws": DEBIAN}
"""Debian's account in each partition. An account belongs to one (AWS General Reference, "Amazon
Resource Names"), and no source names one of Debian's in China or GovCloud."""

REFUSAL = Remark(
    rule="image-unsupported",
    text="this image is neither Debian 12 or 13 nor Ubuntu 24.04, on which podnet runs, and "
    "nothing of podnet is started; set podnet:imageId to one of these, or leave it out, and "
    "replace the node",
)
"""What a node says on its console. Of most images EC2 does not say what is in them."""

OTHER_PLATFORMS = ("Red Hat", "SUSE", "Windows")
"""How the platform details of images begin that are of another system for certain (EC2 User Guide,
"AMI billing information fields"); Debian's and Ubuntu's, and many more, are Linux/UNIX."""

ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
"""How Debian names the architectures of EC2 that its images are built for."""


def name_pattern(architecture: str) -> str:
    """What the names of the images for this architecture match."""
    return f"debian-12-{ARCHITECTURES[architecture]}-*"
