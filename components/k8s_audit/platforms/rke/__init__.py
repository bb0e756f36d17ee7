"""RKE1: audit logging through `cluster.yml` and `rke up`."""
