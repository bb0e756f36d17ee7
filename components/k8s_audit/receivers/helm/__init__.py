"""Receivers that a Helm chart installs: the chart, its values, its release and what stands around it."""
