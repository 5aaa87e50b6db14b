"""Secrets of each kind, made here: none of them opens anything."""

import base64
import json
import re

PEM = "\n".join(
    [
        "-----BEGIN {kind}PRIVATE KEY-----",
        *(f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{index:02}Planted{index:02}Xy" for index in range(6)),
        "-----END {kind}PRIVATE KEY-----",
    ]
)
JWT = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    for part in ('{"alg":"RS256","kid":"x"}', '{"sub":"system:serviceaccount"}', "s" * 30)
)
KUBECONFIG = """apiVersion: v1
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
    token: planted-bearer-of-the-kubeconfig
""".format(
    certificate=base64.b64encode(b"-----BEGIN CERTIFICATE-----\nPlantedCertificate").decode(),
    key=base64.b64encode(PEM.format(kind="EC ").encode()).decode(),
)

SECRETS = {
    "private key": PEM.format(kind=""),
    "SSH private key": PEM.format(kind="OPENSSH "),
    "RSA private key": PEM.format(kind="RSA "),
    "private key cut off": PEM.format(kind="EC ").rpartition("\n-----END")[0],
    "age key": "AGE-SECRET-KEY-1QQPQQPLANTEDPLANTEDPLANTEDPLANTED",
    "AWS access key": "AKIAPLANTED7EXAMPLE1",
    "AWS temporary key": "ASIAPLANTED7EXAMPLE2",
    "AWS secret key": "wJalrPlantedXnFEMI/K7MDENG+bPxRfiCYplan7",
    "AWS session token": "IQoJb3JpZ2luX2VjPlanted" + "Ab9/" * 20,
    "join token": "pl4nt3.0123456789abcdef",
    "JWT": JWT,
    "Pulumi access token": "pul-" + "0a1b2c3d4e" * 4,
    "Pulumi secure value": "v1:UGxhbnRlZE5vbmNl:UGxhbnRlZENpcGhlcnRleHQ=",
    "Pulumi salt": "v1:UGxhbnRlZFNhbHQ=:v1:UGxhbnRlZE5vbmNl:UGxhbnRlZENpcGhlcg==",
    "GitHub token": "ghp_" + "Planted0" * 5,
    "kubeconfig": KUBECONFIG,
}
"""Those that are found wherever they stand, by how they look."""
NAMED = {
    "password": "planted-hunter-2",
    "AWS_SECRET_ACCESS_KEY": "planted/short+secret",
    "PULUMI_CONFIG_PASSPHRASE": "planted correct horse",
    "PULUMI_ACCESS_TOKEN": "planted-token-of-pulumi",
    "certificate-key": "0123456789abcdef" * 4,
    "clientSecret": "planted-client-secret",
    "api_key": "planted-api-key",
    "X-aws-ec2-metadata-token": "plantedIMDSv2==",
    "kubeconfig": "planted-path-or-text",
    "token": "planted.and.short",
    "other:apiToken": "planted-in-settings",
    "/app/db/password": "planted-in-a-parameter",
    "userData": "IyEvYmluL3NoIHBsYW50ZWQ=",
}
"""Those that only their names betray."""


def pieces(secret):
    """What of a secret must not be in a text: each of its longer lines."""
    lines = [line.split(": ")[-1].strip() for line in secret.splitlines()]
    kept = ("-----", "apiVersion", "kind", "users", "- name", "user:", "v1", "Config", "kubernetes")
    return [line for line in lines if len(line) > 8 and not line.startswith(kept)] or [secret]


def contexts(secret):
    """A secret as it may stand in what a bundle collects, by the name of the place."""
    flat = secret.replace("\n", "\\n")
    return {
        "alone": secret,
        "log": f"Nov 29 10:00:00 node-1 kubelet[1]: {secret}",
        "every line of a log": "\n".join(
            f"10:00 node-1 x[1]: {each}" for each in secret.split("\n")
        ),
        "quoted": f"ran `curl -d '{flat}' http://192.168.1.11/`",
        "JSON": json.dumps({"items": [{"Tags": [{"Key": "note", "Value": secret}]}]}),
        "JSON in JSON": json.dumps({"policy": json.dumps({"Statement": [secret]})}),
        "key of JSON": json.dumps({secret: 1}),
        "YAML": f"data:\n  note: {flat}\n",
        "between others": f"a={1} {flat} b={2}",
    }


def named(name, value):
    """The same for a secret that has a name."""
    return {
        "shell": f"export {name}={value!r}",
        "YAML": f"{name}: {value}\n",
        "YAML, quoted": f'{name}: "{value}"\n',
        "JSON": json.dumps({name: value}),
        "JSON in JSON": json.dumps({"body": json.dumps({name: value})}),
        "list in JSON": json.dumps({name: [value]}),
        "tag": json.dumps([{"Key": name, "Value": value}]),
        "log": f"10:00 x[1]: setting {name}={value.replace(' ', '_')}, going on",
        "log, JSON": f'10:00 x[1]: sent "{{\\"{name}\\": \\"{value}\\"}}"',
        "cut off": f'10:00 {name}="{value}',
        "option": f"kubeadm join --{re.split('[:/]', name)[-1]} {value.replace(' ', '_')} --v 5",
    }
