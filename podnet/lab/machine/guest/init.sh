#!/bin/sh
# The first process of a lab's virtual machine: it makes the root that the lab finds, out of the
# shared folders, and hands over to podnet.lab.machine.guest. Standard output is the console.
# Lists are separated by line breaks, since paths may have spaces.
set -e
IFS='
'
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
echo "podnet: kernel $($b uname -r)"
# shellcheck source=/dev/null
. /settings

# Mount the folder of this tag, which a kernel in user mode finds by its path, on another.
share() {
    case "$HYPERVISOR" in
    um) $b mount -t hostfs -o "ro,$2" none "$3" ;;
    *) $b mount -t virtiofs -o ro "$1" "$3" ;;
    esac
}

for module in $INSERTED; do $b insmod "/modules/$module"; done

share root "$ROOT" /lower
$b mount -t tmpfs -o size=75% writable /writable
$b mkdir /writable/upper /writable/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/writable/upper,workdir=/writable/work root /root

# What lies in the checkout and is large is taken from the root, which caches all that it has read;
# below /tmp it would be out of sight afterwards.
number=0
for place in $CACHED; do
    number=$((number + 1))
    $b mkdir "/stash/$number"
    $b mount --bind "/root$place" "/stash/$number"
done

$b mkdir -p /root/proc /root/sys /root/dev
$b mount -o move /proc /root/proc
$b mount -o move /sys /root/sys
$b mount -o move /dev /root/dev
$b mkdir -p /root/dev/pts /root/dev/shm
$b mount -t devpts -o ptmxmode=666 devpts /root/dev/pts
$b mount -t tmpfs shm /root/dev/shm
$b mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
$b mount -t tmpfs run /root/run
$b mount -t tmpfs tmp /root/tmp
$b chmod 1777 /root/tmp /root/dev/shm
if [ -n "$INSERTED" ]; then
    $b mkdir -p "/root/usr/lib/modules/$RELEASE"
    share modules "" "/root/usr/lib/modules/$RELEASE"
fi

$b mkdir -p "/root$CHECKOUT"
share checkout "$ROOT$CHECKOUT" "/root$CHECKOUT"
number=0
for place in $CACHED; do
    number=$((number + 1))
    $b mount -o move "/stash/$number" "/root$place"
done
$b mkdir -p "/root$LAB"
$b mount -t tmpfs lab "/root$LAB"
printf %s "$HYPERVISOR" >"/root$LAB/guest"

$b ip link set lo up
$b hostname "$NAME"
cd /
exec $b switch_root /root /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root PYTHONPATH="$CHECKOUT" PYTHONPYCACHEPREFIX="$BYTECODE" "$PYTHON" -m podnet.lab.machine.guest
