import type { JsonObject } from '../../lambdas/contract/json';

const WRITE_LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];

const everywhere = (...actions: readonly string[]): JsonObject => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

/**
 * Policies that AWS manages, by name, as the AWS managed policy reference lists their actions
 * (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html). Another one stops the start.
 */
export const AWS_MANAGED_POLICIES: Readonly<Record<string, JsonObject>> = {
  'service-role/AWSLambdaBasicExecutionRole': everywhere(...WRITE_LOGS),
  'service-role/AWSLambdaVPCAccessExecutionRole': everywhere(
    ...WRITE_LOGS,
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ),
  'service-role/AWSLambdaSQSQueueExecutionRole': everywhere(
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    ...WRITE_LOGS,
  ),
  'service-role/AWSLambdaRole': everywhere('lambda:InvokeFunction'),
  'service-role/AmazonAPIGatewayPushToCloudWatchLogs': everywhere(
    ...WRITE_LOGS,
    'logs:DescribeLogGroups',
    'logs:DescribeLogStreams',
    'logs:GetLogEvents',
    'logs:FilterLogEvents',
  ),
  AWSXRayDaemonWriteAccess: everywhere(
    'xray:PutTraceSegments',
    'xray:PutTelemetryRecords',
    'xray:GetSamplingRules',
    'xray:GetSamplingTargets',
    'xray:GetSamplingStatisticSummaries',
  ),
};
