"""OpenShift 4.6 to today: the audit profile of its API servers, and its collector, which brings what they log to the forwarder."""
