"""GKE: its audit log led out of Cloud Logging: sink, topic, subscription, dead letters, and who may read them.

`google.auth` and `pulumi_gcp` are the extra `gcp` of the wheel: they are loaded where they are used, never at import.
"""
