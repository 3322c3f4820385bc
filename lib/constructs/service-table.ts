import { Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { EXPIRY_ATTRIBUTE, TABLE_KEY } from '../../lambdas/contract/table';
import type { EnvironmentConfig } from '../environment-config';
import { removalPolicyOf } from './durability';

/** What a service does with items. It reads by key: no scan, and nothing about the table itself. */
const ITEM_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
];

export interface ServiceTableProps {
  readonly config: EnvironmentConfig;
}

/** A service's own table: key of two texts, paid by request, encrypted, items with an expiry go by themselves. */
export class ServiceTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, props: ServiceTableProps) {
    super(scope, id);
    const isDurable = props.config.removal === 'retain';
    this.table = new Table(this, 'Table', {
      partitionKey: { name: TABLE_KEY.partition, type: AttributeType.STRING },
      sortKey: { name: TABLE_KEY.sort, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: EXPIRY_ATTRIBUTE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: isDurable },
      deletionProtection: isDurable,
      // Encrypted by a key that DynamoDB owns: one of KMS would be paid by the request and add no grant that anyone reviews.
      removalPolicy: removalPolicyOf(props.config),
    });
    if (isDurable) return;
    Validations.of(this.table).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason: 'The environment is configured to leave nothing behind, so there is nothing to recover.',
    });
  }

  /** Lets a function work on items. */
  grantItems(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ITEM_ACTIONS,
      resourceArns: [this.table.tableArn],
    });
  }
}
