"""kops: audit logging through the cluster's own spec."""
