#!/bin/sh
# Becomes systemd-nspawn for one instance. Run in a mount and a process namespace of its own: so
# no mount and no process of the instance outlives it, even if it is killed.
# Usage: boot.sh NAMESPACE LAYER[:LAYER...] FOLDER kubelet|"" --drop-capability=... CGROUP...
set -eu
namespace=$1 image=$2 folder=$3 kubelet=$4 confinement=$5
shift 5
for group in "$@"; do
	echo 0 >"$group/cgroup.procs"
done
mount -t overlay overlay \
	-o "lowerdir=$image,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
# nspawn gives an instance a /sys of its own only where it finds this one read-only.
mount -o remount,bind,ro /sys
# What nspawn notes down about its machine need not outlive it either.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
set -- "$confinement" # the options of nspawn, from here on
if [ -n "$kubelet" ]; then
	# What containers may get, their kubelet must have; and runc gives each a keyring and, where
	# control groups are unified, a program that says which devices it may use.
	set -- --capability=all "$@" --system-call-filter="@keyring bpf"
fi
exec nsenter --net="/run/netns/$namespace" systemd-nspawn --quiet --boot \
	--directory="$folder/root" --machine="$(basename "$folder")" \
	--register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
	--network-interface=eth0 --bind-ro="$folder/hypervisor:/sys/hypervisor" "$@"
