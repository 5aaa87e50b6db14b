#!/bin/sh
# Before each start of the agent: whatever failed is tried again by the restart.
set -eu
cd /usr/lib/cni 2>/dev/null && [ -x bridge ] && [ -x host-local ] && [ -x loopback ] &&
  [ -x /usr/sbin/nft ] || {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install \
    containernetworking-plugins nftables
}
[ -d /proc/sys/net/bridge ] || modprobe br_netfilter
