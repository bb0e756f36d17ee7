"""minikube: audit logging on the running node, and in the profile by which each start sets it up anew."""
