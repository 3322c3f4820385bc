import type { JsonObject } from '../../lambdas/contract/json';
import { LocalCloud } from '../../local/cloud';
import { Properties, PropertyError, type ResourceRequest } from '../../local/resources/provider';
import { KNOWN_TYPES, providerOf } from '../../local/resources/providers';

function request(type: string, properties: JsonObject): ResourceRequest {
  return { stack: 'app', logicalId: 'Thing', type, properties, assetDirectory: () => '/nowhere' };
}

function cloud(): LocalCloud {
  return new LocalCloud({
    region: 'us-east-1',
    ports: { websocket: 1, serverApi: 2, web: 3, aws: 4 },
    log: { output: () => undefined, warn: () => undefined },
    redisBinary: new Promise(() => undefined),
    redisDirectory: '/nowhere',
  });
}

describe('properties of a resource', () => {
  const of = (properties: JsonObject) => new Properties(request('AWS::X::Y', properties));

  it('reads numbers and booleans that CloudFormation gives as text', () => {
    const properties = of({ Timeout: '30', Fifo: 'true', Off: false });
    expect(properties.number('Timeout', 3)).toBe(30);
    expect(properties.number('Absent', 3)).toBe(3);
    expect(properties.boolean('Fifo')).toBe(true);
    expect(properties.boolean('Off')).toBe(false);
  });

  it.each([
    ['text', (p: Properties) => p.string('Wrong'), 'expected text'],
    ['a number', (p: Properties) => p.number('Word', 1), 'expected a number'],
    ['a boolean', (p: Properties) => p.boolean('Word'), 'expected true or false'],
    ['a list', (p: Properties) => p.list('Word'), 'expected a list'],
    ['an object', (p: Properties) => p.object('Word'), 'expected an object'],
    ['a nested value', (p: Properties) => p.object('Outer').string('Inner'), 'Outer.Inner: expected text'],
  ])('refuses what is not %s with resource, path, expected and got', (_name, read, message) => {
    const properties = of({ Wrong: {}, Word: 'x', Outer: { Inner: [] } });
    expect(() => read(properties)).toThrow(PropertyError);
    expect(() => read(properties)).toThrow(`app/Thing (AWS::X::Y)`);
    expect(() => read(properties)).toThrow(message);
  });
});

describe('what the local runtime cannot honour', () => {
  it.each([
    [
      'AWS::ApiGatewayV2::Api',
      { ProtocolType: 'GRPC' },
      /ProtocolType: expected WEBSOCKET or HTTP, got "GRPC"/,
    ],
    ['AWS::ApiGatewayV2::Integration', { IntegrationType: 'MOCK' }, /expected AWS_PROXY/],
    ['AWS::ApiGatewayV2::Route', { AuthorizationType: 'CUSTOM' }, /expected NONE/],
    ['AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' }, /EventPattern: expected a pattern/],
    ['AWS::Lambda::EventSourceMapping', { EventSourceArn: 'arn:aws:kinesis:::stream/x' }, /expected a queue/],
    [
      'AWS::Lambda::Alias',
      { FunctionName: 'f', Name: 'n', RoutingConfig: {} },
      /RoutingConfig: expected none/,
    ],
    ['AWS::Lambda::Function', { Code: { ZipFile: 'x' }, Role: 'r' }, /Code: expected an asset/],
  ])('%s %j is refused, not skipped', async (type, properties, message) => {
    expect(KNOWN_TYPES.has(type)).toBe(true);
    await expect(async () =>
      providerOf(type)(request(type, properties as JsonObject), cloud()),
    ).rejects.toThrow(message);
  });
});
