"""OpenShift 4.2 to 4.5: audit logging through an AuditSink, which its API servers serve once three arguments turn it on."""
