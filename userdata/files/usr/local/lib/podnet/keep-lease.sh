#!/bin/sh
# A reload of networkd gives up a leased address, and the kernel drops the routes of a link without
# one (systemd.network(5), KeepConfiguration=). For the file in force, whoever wrote that: cloud-init,
# netplan or the image; $1 is the folder for it.
set -eu
command -v networkctl >/dev/null || exit 0
link=$(ip -4 route show default | sed -n '1s/.* dev \([^ ]*\).*/\1/p')
file=$(networkctl status --json=short "$link" | sed -n 's/.*"NetworkFile":"\([^"]*\)".*/\1/p')
folder=$1/${file##*/}.d
if [ -z "$file" ] || [ -e "$folder/podnet.conf" ]; then exit 0; fi
mkdir -p "$folder"
printf '[Network]\nKeepConfiguration=dhcp\n' >"$folder/podnet.conf"
# It reads podnet's own lines in networkd.conf.d only when it starts, and keeps the address meanwhile.
systemctl restart systemd-networkd
