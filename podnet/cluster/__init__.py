"""The matrix in a cluster that a kubeconfig leads to, whoever made it."""
