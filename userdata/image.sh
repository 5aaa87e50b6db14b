# First of all commands: ends them where the image is none that podnet runs on, before anything of
# podnet is written or started. cloud-init writes what is said to the console.
podnet_image=$(. /etc/os-release && echo "$PRETTY_NAME: $ID-$VERSION_ID")
case $podnet_image in
  *": debian-12" | *": debian-13" | *": ubuntu-24.04") ;;
  *)
    echo "podnet: ${podnet_image%: *}: $podnet_refusal" >&2
    exit 1
    ;;
esac
