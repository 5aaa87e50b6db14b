"""The embedded engine: runs the Pulumi program in this process and deploys to the lab's cloud."""
