"""EKS: its audit log switched on, and its way out: log group, subscription filter, Kinesis stream, roles.

`boto3` and `pulumi_aws` are the extra `aws` of the wheel: they are loaded where they are used, never at import.
"""
