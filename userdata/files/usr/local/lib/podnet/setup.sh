#!/bin/sh
# Runs before each start of the agent, so a restart of the unit retries it.
set -eu
PATH=$PATH:/usr/lib/cni
if ! { command -v nft && command -v iptables && command -v host-local; } >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install \
    containernetworking-plugins iptables nftables
fi
[ -d /proc/sys/net/bridge ] || modprobe br_netfilter
