"""Kubespray: hosts as kubeadm made them, and the variables by which a run of Kubespray makes them so again."""
