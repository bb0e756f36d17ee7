"""Suspicious requests, made on purpose and harmless, whose events are followed to the receiver; no Pulumi."""
