"""The provider's resources as Pulumi classes, for programs and components. What each does is in `provider/resources/`."""

PACKAGE = "k8s-audit"
"""The first part of each type's token."""
