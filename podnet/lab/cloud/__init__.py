"""The one process that is the lab's cloud: API, VPC fabric, DHCP, DNS, metadata and instances."""
