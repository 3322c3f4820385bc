import { generateKeyPairSync } from 'node:crypto';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import fc from 'fast-check';
import { defineService } from '../../../lambdas/service-sdk';
import {
  envelopeOf,
  eventOf,
  lines,
  parameters,
  posts,
  signingKey,
  usePlatformDouble,
} from './platform-double';

usePlatformDouble('probe');

const runs: unknown[] = [];
const handler = defineService({
  name: 'probe',
  rpc: { run: { handle: ({ data }) => void runs.push(data) } },
});

beforeEach(() => {
  runs.length = 0;
});

const rpc = (change: object = {}) => envelopeOf('probe.run', 1, change);

describe('an event runs', () => {
  it('when the gateway signed it and its time is not over', async () => {
    await handler(eventOf(rpc()));
    expect(runs).toEqual([1]);
  });

  it('with fields that a later gateway adds and signs', async () => {
    await handler(eventOf(rpc({ tenant: 'acme' })));
    expect(runs).toEqual([1]);
  });
});

describe('an event neither runs nor answers', () => {
  const stranger = { kid: 'current', privateKey: generateKeyPairSync('ed25519').privateKey };

  it.each([
    ['after its deadline', () => eventOf(rpc({ deadline: Date.now() - 1 })), 'deadline has passed'],
    ['when it is old', () => eventOf(rpc({ issuedAt: Date.now() - 61_000 })), 'age: expected'],
    ['when it comes from the future', () => eventOf(rpc({ issuedAt: Date.now() + 60_000 })), 'age: expected'],
    ['when it is a replay', () => ({ ...eventOf(rpc()), 'replay-name': 'again' }), 'replayed event'],
    ['when someone else signed it', () => eventOf(rpc(), stranger), 'expected valid, got invalid'],
    [
      'when its key is unknown',
      () => eventOf(rpc(), { ...signingKey, kid: 'other' }),
      'expected valid, got unknown-key',
    ],
    [
      'when it was changed after it was signed',
      () => {
        const event = eventOf(rpc());
        return { ...event, detail: { ...event.detail, user: 'mallory' } };
      },
      'expected valid, got invalid',
    ],
    ['when it is for another service', () => eventOf(rpc({ service: 'other' })), 'expected probe, got other'],
    [
      'when it is of another source',
      () => ({ ...eventOf(rpc()), source: 'acme.shop' }),
      'event.source: expected',
    ],
    ['when it is of another version', () => eventOf(rpc({ v: 2 })), 'event.detail.v: expected 1'],
    [
      'when it has no command id',
      () => eventOf(rpc({ commandId: undefined })),
      'event.detail.commandId: expected',
    ],
  ])('%s', async (_, make, reason) => {
    await handler(make());
    expect(runs).toEqual([]);
    expect(posts()).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.['message']).toContain(reason);
  });

  it('whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (event) => {
        await handler(event);
      }),
    );
    expect(runs).toEqual([]);
    expect(posts()).toEqual([]);
  });
});

describe('a service', () => {
  it('fails the invocation when it is deployed under another name', async () => {
    const misplaced = defineService({ name: 'other', rpc: {} });
    await expect(misplaced(eventOf(rpc()))).rejects.toThrow(
      'SERVICE_NAME: expected other as defined, got probe',
    );
  });

  it('reads the public keys once for many events', async () => {
    await handler(eventOf(rpc()));
    await handler(eventOf(rpc()));
    expect(parameters.commandCalls(GetParameterCommand).length).toBeLessThanOrEqual(1);
    expect(runs).toEqual([1, 1]);
  });
});
