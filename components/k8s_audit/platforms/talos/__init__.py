"""Talos: audit logging in the machine configuration of each control-plane node, by talosctl."""
