"""The Pulumi CLI as an engine, kept inside the lab's directory."""
