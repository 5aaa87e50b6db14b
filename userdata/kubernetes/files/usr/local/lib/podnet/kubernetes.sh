#!/bin/sh
set -eu
if ! python3 -c 'import boto3' 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install python3-boto3
fi
exec python3 -B /usr/local/lib/podnet/bootstrap.py
