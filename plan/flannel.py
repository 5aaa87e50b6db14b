"""What Flannel is told: its images, its network, and the conflist of the pods it carries."""

from __future__ import annotations

# The pair that Flannel's own manifest names at tag v0.28.9. The digests are those of the lists of
# images for all architectures, as `docker buildx imagetools inspect` showed them to others.
IMAGE = (
    "ghcr.io/flannel-io/flannel:v0.28.9"
    "@sha256:708a2c9c1cfbfe529d1dbb249cb7113af117f3ed26b5e3e4c8ee015e10555204"
)
"""The daemon `/opt/bin/flanneld`, and `/opt/bin/install-conf`."""
PLUGIN_IMAGE = (
    "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3"
    "@sha256:9fccdf677e6e26e76a4aa60da2113bab9852e8317287ba51b2c29778d2351345"
)
"""The plugin `/flannel`, and a `cp` to install it by."""
PLUGIN_DIRECTORY = "/opt/cni/bin"
"""Where on a node the plugin goes, and where containerd must look for plugins as well."""
