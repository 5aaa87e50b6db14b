# Before the commands of `extraUserData`, in one script with podnet's own and after these. They may
# install packages, and `apt-get update` fails where setup.sh runs it.
if systemctl cat podnet-agent >/dev/null 2>&1; then
  timeout 300 sh -c 'while systemctl show -PSubState podnet-agent | grep -qx "dead\|start-pre"; do sleep 1; done'
fi
podnet_failed=0
podnet_note() {
  if [ "$1" != 0 ]; then
    podnet_failed=1
    mkdir -p /run/podnet-notes
    echo "runcmd $podnet_at ended with $1" | tee -a /run/podnet-notes/extraUserData
  fi
}
trap 'podnet_note $?' EXIT
