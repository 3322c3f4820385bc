import { EventBridgeService } from '../../local/aws/events';
import type { InvokeResult } from '../../local/ports';
import { ArnRouter, type RouterPorts, UnknownTargetError } from '../../local/router';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:echo:rpc';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:work.fifo';
const log = { output() {}, warn() {} };

describe('ArnRouter', () => {
  it('invokes functions asynchronously, by a port that came after it', async () => {
    const ports: RouterPorts = {};
    const router = new ArnRouter(ports);
    await expect(router.deliver(FUNCTION, '{}')).rejects.toThrow(/no Lambda host/);
    const invoke = jest.fn(async (): Promise<InvokeResult> => ({ statusCode: 202, payload: '' }));
    ports.invoker = { invoke };
    await router.deliver(FUNCTION, '{"a":1}');
    expect(invoke).toHaveBeenCalledWith(FUNCTION, '{"a":1}', 'Event');
  });

  it.each([
    [429, 'TooManyRequestsException'],
    [500, 'InvokeFailed'],
  ])('fails where the Lambda host answers %d', async (statusCode, code) => {
    const router = new ArnRouter({ invoker: { invoke: async () => ({ statusCode, payload: 'no' }) } });
    await expect(router.deliver(FUNCTION, '{}')).rejects.toMatchObject({ name: 'TargetRefusedError', code });
  });

  it('sends to queues with group and attributes', async () => {
    const sendToQueue = jest.fn();
    const options = { messageGroupId: 'g', attributes: { ERROR_CODE: 'x' } };
    await new ArnRouter({ sendToQueue }).deliver(QUEUE, 'body', options);
    expect(sendToQueue).toHaveBeenCalledWith(QUEUE, 'body', options);
  });

  it('puts the record of an invocation on a bus as an event of lambda', async () => {
    const payloads: string[] = [];
    const ports: RouterPorts = { sendToQueue: (_arn, body) => payloads.push(body) };
    const router = new ArnRouter(ports);
    const events = new EventBridgeService({ region: 'us-east-1', router, log });
    ports.events = events;
    const arn = events.createBus('results');
    events.putTargets(events.putRule({ name: 'r', bus: arn, pattern: { source: ['lambda'] } }), [
      { Id: 'q', Arn: QUEUE },
    ]);
    for (const condition of ['Success', 'RetriesExhausted']) {
      await router.deliver(
        arn,
        JSON.stringify({ version: '1.0', requestContext: { condition, functionArn: FUNCTION } }),
      );
    }
    await events.idle();
    expect(payloads.map((payload) => JSON.parse(payload))).toMatchObject([
      { 'detail-type': 'Lambda Function Invocation Result - Success', resources: [FUNCTION, arn] },
      {
        source: 'lambda',
        'detail-type': 'Lambda Function Invocation Result - Failure',
        detail: { requestContext: { condition: 'RetriesExhausted' } },
      },
    ]);
  });

  it('passes an event on from one bus to another as it is', async () => {
    const payloads: string[] = [];
    const ports: RouterPorts = { sendToQueue: (_arn, body) => payloads.push(body) };
    const router = new ArnRouter(ports);
    const events = new EventBridgeService({ region: 'us-east-1', router, log });
    ports.events = events;
    const arn = events.createBus('second');
    events.putTargets(events.putRule({ name: 'on', pattern: { source: ['a'] } }), [{ Id: 'bus', Arn: arn }]);
    events.putTargets(events.putRule({ name: 'r', bus: arn, pattern: { source: ['a'] } }), [
      { Id: 'q', Arn: QUEUE },
    ]);
    events.putEvents([{ Source: 'a', DetailType: 'd', Detail: '{"n":1}', Resources: ['r'] }]);
    await events.idle();
    expect(payloads.map((payload) => JSON.parse(payload))).toMatchObject([
      { source: 'a', 'detail-type': 'd', resources: ['r'], detail: { n: 1 } },
    ]);
  });

  it('drops what goes to a log group, and names an ARN that it does not know', async () => {
    const router = new ArnRouter({});
    await router.deliver('arn:aws:logs:us-east-1:000000000000:log-group:/x', '{}');
    await expect(router.deliver('arn:aws:sns:us-east-1:000000000000:topic', '{}')).rejects.toThrow(
      UnknownTargetError,
    );
    await expect(router.deliver('work', '{}')).rejects.toThrow(/work.*expected an ARN/);
  });
});
