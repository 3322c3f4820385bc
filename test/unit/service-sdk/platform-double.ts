import { generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Delivery } from '../../../lambdas/contract/delivery';
import {
  ENVELOPE_DETAIL_TYPE,
  type EnvelopeEvent,
  type UnsignedEnvelope,
  type UnsignedRpcEnvelope,
} from '../../../lambdas/contract/envelope';
import { signEnvelope } from '../../../lambdas/contract/signature';

export const connections = mockClient(ApiGatewayManagementApiClient);
export const queue = mockClient(SQSClient);
export const parameters = mockClient(SSMClient);
export const bus = mockClient(EventBridgeClient);
export const table = mockClient(DynamoDBDocumentClient);

const pair = generateKeyPairSync('ed25519');
export const signingKey = { kid: 'current', privateKey: pair.privateKey };
export const publishedKeys = JSON.stringify({
  keys: [{ kid: 'current', publicKey: pair.publicKey.export({ format: 'jwk' }).x }],
});

export const QUEUE_URL = 'https://sqs.us-east-1.amazonaws.com/000000000000/deliveries.fifo';

/** Log lines that were written, parsed. */
export const lines: Record<string, unknown>[] = [];

/** Log lines that CloudWatch takes for metrics. */
export const metrics: Record<string, unknown>[] = [];

/** An environment and mocked clients for a service of this name, anew for each test of the file. */
export function usePlatformDouble(serviceName: string): void {
  const before = { ...process.env };

  beforeEach(() => {
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      ENVIRONMENT: 'test',
      SERVICE_NAME: serviceName,
      BUS_NAME: 'test-holdfast',
      TABLE_NAME: 'table',
      CALLBACK_URL: 'http://localhost:1/test',
      DELIVERIES_QUEUE_URL: QUEUE_URL,
      SIGNING_KEYS_PARAMETER: '/holdfast/test/signing-keys',
    });
    connections.reset();
    connections.on(PostToConnectionCommand).resolves({});
    queue.reset();
    queue.on(SendMessageCommand).resolves({});
    bus.reset();
    bus.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    table.reset();
    table.on(TransactWriteCommand).resolves({});
    parameters.reset();
    parameters.on(GetParameterCommand).resolves({ Parameter: { Value: publishedKeys } });
    lines.length = 0;
    metrics.length = 0;
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
      const written: Record<string, unknown> = JSON.parse(String(line));
      (written['_aws'] === undefined ? lines : metrics).push(written);
      return true;
    });
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(() => {
    process.env = before;
  });
}

/** An envelope as the gateway would make it now. */
export function envelopeOf(
  method: string,
  data: UnsignedEnvelope['data'],
  change: object = {},
): UnsignedEnvelope {
  const now = Date.now();
  return {
    v: 1,
    id: randomUUID(),
    seq: 1,
    kind: 'rpc',
    service: method.split('.')[0] ?? '',
    method,
    client: 'abc=',
    user: 'alice',
    commandId: 7,
    data,
    issuedAt: now,
    deadline: now + 5_000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...change,
  };
}

/** An envelope of another kind than `rpc`, for the channel `room:1`. */
export function commandOf(
  service: string,
  kind: Exclude<UnsignedEnvelope['kind'], 'rpc'>,
  data: UnsignedEnvelope['data'],
  change: object = {},
): UnsignedEnvelope {
  const { v, id, seq, client, user, issuedAt, traceparent, ...more } = envelopeOf(
    '',
    data,
  ) as UnsignedRpcEnvelope;
  const { commandId, deadline } = more;
  const common = { v, id, seq, service, client, user, data, issuedAt, traceparent };
  const awaited = { ...common, channel: 'room:1', commandId, deadline };
  switch (kind) {
    case 'publish':
      return { ...awaited, kind, ...change };
    case 'subscribe':
      return { ...awaited, kind, question: 'q', ...change };
    case 'send':
      return { ...common, kind, ...change };
  }
}

/** The event in which a rule hands over a signed envelope. */
export function eventOf(envelope: UnsignedEnvelope, key = signingKey): EnvelopeEvent {
  return JSON.parse(
    JSON.stringify({
      version: '0',
      id: randomUUID(),
      source: 'holdfast.gateway',
      'detail-type': ENVELOPE_DETAIL_TYPE[envelope.kind],
      account: '000000000000',
      time: '2026-11-24T06:00:00Z',
      region: 'us-east-1',
      resources: [],
      detail: signEnvelope(envelope, key),
    }),
  );
}

/** Frames that were posted, with the connection that each went to. */
export function posts(): { client: string | undefined; frame: unknown }[] {
  return connections.commandCalls(PostToConnectionCommand).map(({ args }) => {
    const { ConnectionId: client, Data } = args[0].input;
    return { client, frame: JSON.parse(String(Data)) };
  });
}

export interface SentDelivery {
  readonly group: string | undefined;
  readonly deduplication: string | undefined;
  readonly delivery: Delivery;
}

export function sentDeliveries(): SentDelivery[] {
  return queue.commandCalls(SendMessageCommand).map(({ args }) => {
    const { QueueUrl, MessageGroupId, MessageDeduplicationId, MessageBody } = args[0].input;
    expect(QueueUrl).toBe(QUEUE_URL);
    return {
      group: MessageGroupId,
      deduplication: MessageDeduplicationId,
      delivery: JSON.parse(MessageBody ?? ''),
    };
  });
}
