"""Proves on paper which packets a VPC and its nodes deliver, and names what drops the others."""
