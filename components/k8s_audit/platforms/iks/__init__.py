"""IBM Cloud Kubernetes Service: audit logging by the webhook that its API sets."""
