"""The lab's Kubernetes: upstream's programs, built here, in an image that instances boot from."""
