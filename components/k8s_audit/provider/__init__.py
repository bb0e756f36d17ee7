"""The `k8s-audit` Pulumi provider: thin adaptors from check, diff, create, … to the plain classes of the other rooms."""
