"""HyperShift: audit logging through the HostedCluster of a management cluster."""
