"""Audit configuration that is an object of a management cluster: Cluster API's and HyperShift's."""
