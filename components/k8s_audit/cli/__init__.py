"""The command `k8s-audit`."""
