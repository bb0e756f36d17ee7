"""Every right in AWS that we give or need, each with what needs it, as data: `iam.py` builds the policies from it.

Actions: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Bento's calls: its `internal/impl/aws/input_kinesis*.go`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Right:
    """One action.

    Args:
        action: `service:Action`, never with a wildcard.
        on: the kind of thing on which it is given, such as `stream`.
        needed_by: what makes the call.
    """

    action: str
    on: str
    needed_by: str


DELIVERY = (
    Right("kinesis:PutRecord", "stream", "CloudWatch Logs, for each batch of the subscription filter"),
    Right("kms:GenerateDataKey", "stream key", "CloudWatch Logs, where the stream has a key of your own"),
)
"""Of the role with which CloudWatch Logs writes into the stream."""
READER = (
    Right("kinesis:DescribeStream", "stream", "Bento's aws_kinesis, to find the stream's ARN as it starts"),
    Right("kinesis:ListShards", "stream", "Bento's aws_kinesis, to share the shards among replicas"),
    Right("kinesis:GetShardIterator", "stream", "Bento's aws_kinesis, to begin at the checkpoint"),
    Right("kinesis:GetRecords", "stream", "Bento's aws_kinesis, to read"),
    Right("kms:Decrypt", "stream key", "Bento's aws_kinesis, where the stream has a key of your own"),
    Right("dynamodb:DescribeTable", "table", "Bento's aws_kinesis, to see that the table is there"),
    Right("dynamodb:GetItem", "table", "Bento's aws_kinesis, to read a shard's checkpoint"),
    Right("dynamodb:PutItem", "table", "Bento's aws_kinesis, to claim a shard"),
    Right("dynamodb:UpdateItem", "table", "Bento's aws_kinesis, to write a checkpoint"),
    Right("dynamodb:DeleteItem", "table", "Bento's aws_kinesis, to forget a shard that ended"),
    Right("dynamodb:Query", "table", "Bento's aws_kinesis, to see the other replicas' claims"),
)
"""Of the forwarder's role, on the stream that it reads."""
CHAIN = (Right("sts:AssumeRole", "role of the stream", "Bento's aws_kinesis, where stream.existing.roleArn is set"),)
"""Of the forwarder's role, in place of READER, where another account's role reads."""
DEAD_LETTER = (
    Right("sqs:SendMessage", "dead letter", "Bento's aws_sqs, for what nobody takes"),
    Right("kms:GenerateDataKey", "dead letter key", "SQS, for the sender, where the queue has a key of your own"),
    Right("kms:Decrypt", "dead letter key", "SQS, for the sender, where the queue has a key of your own"),
)
"""Of the forwarder's role, on the queue."""
POLLER = (
    Right("logs:DescribeLogStreams", "log group streams", "the seed's forwarder, as it starts"),
    Right("logs:FilterLogEvents", "log group streams", "the seed's forwarder, at each poll"),
    Right("kms:Decrypt", "log group key", "CloudWatch Logs, for the reader, where the group has a key of your own"),
)
"""Of the role of the seed's forwarder; the seed gives the nodes CloudWatchReadOnlyAccess instead."""
SENDERS = (Right("logs:PutSubscriptionFilter", "destination", "another account's stack, to write into this stream"),)
"""Of the accounts in stream.fromAccounts."""
PREVIEW = (
    Right("sts:GetCallerIdentity", "", "the AWS provider, as it starts"),
    Right("eks:DescribeCluster", "cluster", "the lookup of the cluster's ARN, network and issuer"),
)
"""Of whoever runs a preview."""
UP = (
    Right("eks:UpdateClusterConfig", "cluster", "EksClusterLogging, to switch the audit log on and off"),
    Right("eks:DescribeUpdate", "cluster", "EksClusterLogging, to wait for it"),
    Right("eks:CreatePodIdentityAssociation", "cluster", "PodIdentityAssociation"),
    Right("eks:DescribePodIdentityAssociation", "cluster", "PodIdentityAssociation"),
    Right("eks:UpdatePodIdentityAssociation", "cluster", "PodIdentityAssociation"),
    Right("eks:DeletePodIdentityAssociation", "cluster", "PodIdentityAssociation"),
    Right("eks:TagResource", "cluster", "PodIdentityAssociation"),
    Right("logs:DescribeLogGroups", "log group", "EksLogGroup, to see whether it is there"),
    Right("logs:CreateLogGroup", "log group", "EksLogGroup"),
    Right("logs:PutRetentionPolicy", "log group", "EksLogGroup"),
    Right("logs:DeleteRetentionPolicy", "log group", "EksLogGroup, to put back a group that kept its events for ever"),
    Right("logs:AssociateKmsKey", "log group", "EksLogGroup, where kmsKey is set"),
    Right("logs:TagResource", "log group", "EksLogGroup"),
    Right("logs:DescribeSubscriptionFilters", "log group", "EksLogGroup, for the limit of two"),
    Right("logs:PutSubscriptionFilter", "log group", "LogSubscriptionFilter"),
    Right("logs:DeleteSubscriptionFilter", "log group", "LogSubscriptionFilter"),
    Right("logs:PutDestination", "destination", "LogDestination, where fromAccounts is set"),
    Right("logs:PutDestinationPolicy", "destination", "LogDestinationPolicy"),
    Right("logs:DescribeDestinations", "destination", "LogDestination"),
    Right("logs:DeleteDestination", "destination", "LogDestination"),
    Right("sqs:CreateQueue", "dead letter", "Queue"),
    Right("sqs:DeleteQueue", "dead letter", "Queue"),
    Right("sqs:GetQueueAttributes", "dead letter", "Queue and QueuePolicy"),
    Right("sqs:SetQueueAttributes", "dead letter", "QueuePolicy"),
    Right("sqs:GetQueueUrl", "dead letter", "Queue"),
    Right("sqs:ListQueueTags", "dead letter", "Queue"),
    Right("sqs:TagQueue", "dead letter", "Queue"),
    Right("kinesis:CreateStream", "stream", "Stream"),
    Right("kinesis:DeleteStream", "stream", "Stream"),
    Right("kinesis:DescribeStreamSummary", "stream", "Stream"),
    Right("kinesis:UpdateShardCount", "stream", "Stream, where shards changes"),
    Right("kinesis:UpdateStreamMode", "stream", "Stream, where mode changes"),
    Right("kinesis:IncreaseStreamRetentionPeriod", "stream", "Stream"),
    Right("kinesis:DecreaseStreamRetentionPeriod", "stream", "Stream"),
    Right("kinesis:StartStreamEncryption", "stream", "Stream"),
    Right("kinesis:ListTagsForStream", "stream", "Stream"),
    Right("kinesis:AddTagsToStream", "stream", "Stream"),
    Right("dynamodb:CreateTable", "table", "Table"),
    Right("dynamodb:DeleteTable", "table", "Table"),
    Right("dynamodb:DescribeTable", "table", "Table"),
    Right("dynamodb:DescribeContinuousBackups", "table", "Table"),
    Right("dynamodb:DescribeTimeToLive", "table", "Table"),
    Right("dynamodb:ListTagsOfResource", "table", "Table"),
    Right("dynamodb:TagResource", "table", "Table"),
    Right("iam:CreateRole", "roles", "Role"),
    Right("iam:GetRole", "roles", "Role"),
    Right("iam:DeleteRole", "roles", "Role"),
    Right("iam:UpdateAssumeRolePolicy", "roles", "Role"),
    Right("iam:TagRole", "roles", "Role"),
    Right("iam:ListRolePolicies", "roles", "Role"),
    Right("iam:ListAttachedRolePolicies", "roles", "Role"),
    Right("iam:ListInstanceProfilesForRole", "roles", "Role, before it is deleted"),
    Right("iam:PutRolePolicy", "roles", "RolePolicy"),
    Right("iam:GetRolePolicy", "roles", "RolePolicy"),
    Right("iam:DeleteRolePolicy", "roles", "RolePolicy"),
    Right("iam:PassRole", "roles", "LogSubscriptionFilter hands the role to CloudWatch Logs, the association to EKS"),
    Right("ec2:AuthorizeSecurityGroupIngress", "node security group", "SecurityGroupIngressRule"),
    Right("ec2:DescribeSecurityGroupRules", "node security group", "SecurityGroupIngressRule"),
    Right("ec2:RevokeSecurityGroupIngress", "node security group", "SecurityGroupIngressRule"),
    Right("ec2:CreateVpcEndpoint", "VPC", "VpcEndpoint, where privateEndpoints is set"),
    Right("ec2:DescribeVpcEndpoints", "VPC", "VpcEndpoint"),
    Right("ec2:ModifyVpcEndpoint", "VPC", "VpcEndpoint"),
    Right("ec2:DeleteVpcEndpoints", "VPC", "VpcEndpoint"),
    Right("ec2:DescribePrefixLists", "VPC", "VpcEndpoint"),
    Right("ec2:CreateTags", "VPC", "VpcEndpoint and SecurityGroupIngressRule"),
)
"""Of whoever runs `up` and `destroy`, beside those of a preview. Those of Pulumi's own resources are from its provider's
source and not tried: no account of AWS was at hand."""
