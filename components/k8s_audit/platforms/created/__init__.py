"""Clusters whose audit logging is set when they are created, and never again: kind and k3d."""
