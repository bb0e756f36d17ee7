"""What a cloud resource costs a month, roughly: a class, not a price. Figures: `k8s-audit cost`.

`$`: below 10 dollars, `$$`: 10 to 100, `$$$`: more, for one cluster of ordinary traffic. Own judgement, from the price lists that
docs/cost.md names.
"""

CLASSES = {
    "aws:kinesis/stream:Stream": "$$ by hour and by gigabyte",
    "k8s-audit:index:EksClusterLogging": "$$$ CloudWatch Logs takes each gigabyte for half a dollar",
    "k8s-audit:index:EksLogGroup": "$ by stored gigabyte",
    "aws:cloudwatch/logGroup:LogGroup": "$ by stored gigabyte",
    "aws:dynamodb/table:Table": "$",
    "aws:sqs/queue:Queue": "$",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "$$ by hour, zone and gigabyte",
    "gcp:logging/projectSink:ProjectSink": "$ (data-access logs are paid by the gigabyte)",
    "gcp:pubsub/topic:Topic": "$$ by gigabyte",
    "gcp:pubsub/subscription:Subscription": "$$ by gigabyte",
    "azure-native:eventhub:Namespace": "$$ by throughput unit and hour",
    "azure-native:eventhub:EventHub": "$",
    "azure-native:monitor:DiagnosticSetting": "$$ by gigabyte",
    "azure-native:insights:DiagnosticSetting": "$$ by gigabyte",
    "azure-native:storage:StorageAccount": "$",
    "kubernetes:apps/v1:Deployment": "$ the nodes' share",
}


def cost_class(type: str) -> str:
    """The class of a resource's type; empty: it costs nothing, or is not known."""
    return CLASSES.get(type, "")
