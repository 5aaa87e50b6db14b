"""Parts of the request that launches an instance."""

from __future__ import annotations

from podnet.lab.providers.protocol import Values

METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}


def interface(inputs: Values) -> Values:
    """The network interface that EC2 makes with the instance."""
    wanted: Values = {"DeviceIndex": 0, "SubnetId": inputs["subnetId"], "DeleteOnTermination": True}
    if inputs.get("privateIp"):
        wanted["PrivateIpAddress"] = inputs["privateIp"]
    if inputs.get("vpcSecurityGroupIds"):
        wanted["Groups"] = inputs["vpcSecurityGroupIds"]
    if inputs.get("associatePublicIpAddress") is not None:
        wanted["AssociatePublicIpAddress"] = inputs["associatePublicIpAddress"]
    return wanted


def metadata(options: Values) -> Values:
    """The options of the metadata service."""
    return {METADATA[name]: value for name, value in options.items() if value is not None}
