/** Properties of `AWS::DynamoDB::Table` that CreateTable takes as they are. */
export const CREATE_TABLE = [
  'TableName',
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
];
/** Properties whose absence changes nothing that a function can rely on; expiry may take days on AWS as well. */
export const WITHOUT_EFFECT = [
  'ContributorInsightsSpecification',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'PointInTimeRecoverySpecification',
  'SSESpecification',
  'TableClass',
  'Tags',
  'TimeToLiveSpecification',
  'WarmThroughput',
];
