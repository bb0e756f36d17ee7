"""MiniShift: audit logging of the API server in its virtual machine."""
