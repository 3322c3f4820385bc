import { randomBytes, randomUUID } from 'node:crypto';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  ENVELOPE_DETAIL_TYPE,
  ENVELOPE_SOURCE,
  type UnsignedEnvelope,
} from '../../lambdas/contract/envelope';
import { parsePrivateKey, type SigningKey, signEnvelope } from '../../lambdas/contract/signature';
import { type CallOutcomes, ServiceCaller } from './service-calls';
import { awsOptions, type Target } from './target';

/** Most entries of one PutEvents. */
const BATCH = 10;
/** The service takes envelopes of up to a minute: nothing of the storm is too late. */
const DEADLINE_MS = 55_000;

export interface StormOutcome extends CallOutcomes {
  /** Taken by the bus. */
  readonly accepted: number;
  /** From the first event to the last answer. */
  readonly milliseconds: number;
}

/**
 * Calls of one service as the gateway puts them on the bus, all at once: what strikes is the service, and not the
 * gateway in front of it. The answers come to a connection.
 */
export class BusStorm {
  readonly #caller: ServiceCaller;
  readonly #events: EventBridgeClient;
  readonly #entries: readonly PutEventsRequestEntry[];

  private constructor(caller: ServiceCaller, events: EventBridgeClient, entries: PutEventsRequestEntry[]) {
    this.#caller = caller;
    this.#events = events;
    this.#entries = entries;
  }

  /** To strike within a few seconds: the envelopes are signed, and age. */
  static async prepare(target: Target, count: number): Promise<BusStorm> {
    const { BUS_NAME: bus = '', SIGNING_SECRET_ARN: secret = '' } = await variablesOf(target);
    const key = await signingKeyOf(target, secret);
    const caller = await ServiceCaller.open(target, 'storm');
    const client = await caller.connectionId();
    const entries = caller.newIds(count).map((id) => ({
      EventBusName: bus,
      Source: ENVELOPE_SOURCE,
      DetailType: ENVELOPE_DETAIL_TYPE.rpc,
      Detail: JSON.stringify(signEnvelope(envelopeOf(client, id), key)),
    }));
    return new BusStorm(caller, new EventBridgeClient(awsOptions(target)), entries);
  }

  /** Resolves once every call has ended. */
  async strike(): Promise<StormOutcome> {
    const begun = Date.now();
    try {
      const answers = this.#caller.expectAnswers(DEADLINE_MS);
      const batches = Array.from({ length: Math.ceil(this.#entries.length / BATCH) }, (_, n) =>
        this.#entries.slice(n * BATCH, (n + 1) * BATCH),
      );
      const taken = await Promise.all(
        batches.map(async (Entries) => {
          const { FailedEntryCount = 0 } = await this.#events.send(new PutEventsCommand({ Entries }));
          return Entries.length - FailedEntryCount;
        }),
      );
      await answers;
      const accepted = taken.reduce((sum, some) => sum + some, 0);
      return { ...this.#caller.outcomes, accepted, milliseconds: Date.now() - begun };
    } finally {
      this.#caller.close();
      this.#events.destroy();
    }
  }
}

function envelopeOf(client: string, commandId: number): UnsignedEnvelope {
  const issuedAt = Date.now();
  return {
    v: 1,
    kind: 'rpc',
    id: randomUUID(),
    seq: commandId,
    service: 'echo',
    method: 'echo.say',
    client,
    user: 'storm',
    data: { text: `call ${commandId}` },
    commandId,
    issuedAt,
    deadline: issuedAt + DEADLINE_MS,
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
  };
}

async function signingKeyOf(target: Target, secretArn: string): Promise<SigningKey> {
  const secrets = new SecretsManagerClient(awsOptions(target));
  try {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
    const key = parsePrivateKey(SecretString);
    if (!key) throw new Error('expected a signing key, got none');
    return key;
  } finally {
    secrets.destroy();
  }
}

/** Variables of the function that puts envelopes on the bus, as the AWS API shows them. */
async function variablesOf(target: Target): Promise<Record<string, string | undefined>> {
  const path = `/2015-03-31/functions/${target.environment}-holdfast-gateway-ingress/configuration`;
  const response = await fetch(`${target.awsEndpointUrl}${path}`, {
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${target.region}/lambda/aws4_request, SignedHeaders=host, Signature=0`,
    },
  });
  const configuration = (await response.json()) as { Environment: { Variables: Record<string, string> } };
  return configuration.Environment.Variables;
}
