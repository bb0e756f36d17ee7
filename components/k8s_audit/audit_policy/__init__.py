"""The `audit.k8s.io` Policy as data: what the API server records. No Pulumi, no receivers, no platforms."""
