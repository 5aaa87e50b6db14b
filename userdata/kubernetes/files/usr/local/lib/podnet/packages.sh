#!/bin/sh
# Installs Kubernetes and containerd if the image lacks them, each from the signed repository of its
# project, whose key must have the fingerprint below.
set -eu
version=$PODNET_KUBERNETES_VERSION
# Debian 12 has containerd 1.6; Kubernetes 1.35 was the last that ran on any 1.x. Docker packages
# containerd 2 for both. The packagers' own part of a version is left open.
containerd=2.3.4
# From kubernetes/kubernetes#128609. When it expires, it is extended under the same fingerprint
# (kubernetes/release#3818).
kubernetes_key=DE15B14486CD377B9E876E1A234654DA9A296436
# From Docker's manual for Debian (docker/docs, engine/install/debian.md).
docker_key=9DC858229FC7DD38854AE2D88D81803C0EBFCD88
etc=${PODNET_ETC:-/etc}

has_kubernetes() {
  command -v kubelet >/dev/null && command -v kubectl >/dev/null &&
    [ "$(kubeadm version -o short 2>/dev/null)" = "v$version" ]
}

has_containerd() {
  case $(containerd --version 2>/dev/null) in
    *" v"[2-9].* | *" "[2-9].*) true ;;
    *) false ;;
  esac
}

repository() { # name, URL of the key, its fingerprint, source line for apt
  key=$etc/apt/keyrings/$1.asc
  mkdir -p "$etc/apt/keyrings"
  curl -fsSL --retry 3 -o "$key.new" "$2"
  found=$(gpg --batch --show-keys --with-colons "$key.new" |
    awk -F: '$1 == "pub" { new = 1 } $1 == "fpr" && new { print $10; new = 0 }')
  if [ "$found" != "$3" ]; then
    rm "$key.new"
    echo "the key at $2 has fingerprint '$found', not $3: nothing is installed from it" >&2
    exit 1
  fi
  mv "$key.new" "$key"
  echo "deb [signed-by=$key] $4" >"$etc/apt/sources.list.d/podnet-$1.list"
}

install() {
  apt-get -qy -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
    --allow-change-held-packages --no-install-recommends install "$@"
}

set --
export DEBIAN_FRONTEND=noninteractive
if ! { has_kubernetes && has_containerd; }; then
  apt-get -q update
  install ca-certificates curl gpg
fi
if ! has_kubernetes; then
  packages=https://pkgs.k8s.io/core:/stable:/v${version%.*}/deb/
  repository kubernetes "${packages}Release.key" "$kubernetes_key" "$packages /"
  set -- "kubeadm=$version-*" "kubelet=$version-*" "kubectl=$version-*"
fi
if ! has_containerd; then
  # Docker has a repository for Debian and one for Ubuntu, under one key.
  packages=https://download.docker.com/linux/$(sed -n 's/^ID=//p' "$etc/os-release")
  codename=$(sed -n 's/^VERSION_CODENAME=//p' "$etc/os-release")
  repository docker "$packages/gpg" "$docker_key" "$packages $codename stable"
  set -- "$@" "containerd.io=$containerd-*"
fi
if [ $# -gt 0 ]; then
  apt-get -q update
  install "$@"
  # An upgrade of the system must not change the version of Kubernetes.
  for package; do apt-mark hold "${package%%=*}"; done
fi
if ! has_kubernetes; then
  echo "the kubeadm on PATH is $(kubeadm version -o short 2>&1), the stack needs v$version:" \
    "use an image without it, or set kubernetesVersion to what the image has" >&2
  exit 1
fi
