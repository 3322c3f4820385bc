import { ApiDrafts, IncompleteApiError } from '../../local/api-drafts';
import { WebSocketGateway } from '../../local/gateway/websocket-gateway';
import { HttpApiServer } from '../../local/http-api/http-api-server';
import type { Invoker, RuntimeLog } from '../../local/ports';

const invoker: Invoker = { invoke: async () => ({ statusCode: 200, payload: '{}' }) };
const log: RuntimeLog = { output: () => undefined, warn: () => undefined };
const region = 'eu-west-1';

function drafts(): ApiDrafts {
  const apis = new ApiDrafts(region, { websocket: 4000, http: 4001 });
  apis.addApi('wabc', 'WEBSOCKET', '$request.body.action');
  apis.addApi('habc', 'HTTP', '');
  return apis;
}

const publish = (apis: ApiDrafts) =>
  apis.publish(new WebSocketGateway({ invoker, log, region }), new HttpApiServer({ invoker, log, region }));

describe('local addresses', () => {
  it.each([
    ['wss://wabc.execute-api.eu-west-1.amazonaws.com/local', 'ws://localhost:4000/local'],
    ['https://wabc.execute-api.eu-west-1.amazonaws.com/local', 'http://localhost:4000/local'],
    ['https://habc.execute-api.eu-west-1.amazonaws.com/x/api', 'http://localhost:4001/x/api'],
    [
      'https://other.execute-api.eu-west-1.amazonaws.com/x',
      'https://other.execute-api.eu-west-1.amazonaws.com/x',
    ],
    [
      'https://wabc.execute-api.us-east-1.amazonaws.com/x',
      'https://wabc.execute-api.us-east-1.amazonaws.com/x',
    ],
    [
      'arn:aws:execute-api:eu-west-1:000000000000:wabc/local/POST/@connections/*',
      'arn:aws:execute-api:eu-west-1:000000000000:wabc/local/POST/@connections/*',
    ],
  ])('stand in place of %s', (text, expected) => {
    expect(drafts().localize(text)).toBe(expected);
  });
});

describe('an API that is not complete', () => {
  it('is refused without a stage', () => {
    expect(() => publish(drafts())).toThrow(/wabc: expected a stage, got none/);
  });

  it('is refused with a second stage', () => {
    const apis = drafts();
    apis.addStage('wabc', 'one');
    expect(() => apis.addStage('wabc', 'two')).toThrow(/expected one stage, got one and two/);
  });

  it('is refused with a route to no integration', () => {
    const apis = drafts();
    apis.addStage('wabc', 'local');
    apis.addStage('habc', 'local');
    apis.addRoute('wabc', { id: 'r1', routeKey: '$connect', integrationId: 'nowhere' });
    expect(() => publish(apis)).toThrow(IncompleteApiError);
  });

  it('is served once all parts are there', () => {
    const apis = drafts();
    apis.addStage('wabc', 'local');
    apis.addStage('habc', 'local');
    apis.addIntegration('i1', 'arn:aws:lambda:eu-west-1:000000000000:function:f');
    apis.addRoute('wabc', { id: 'r1', routeKey: '$connect', integrationId: 'i1' });
    expect(() => publish(apis)).not.toThrow();
  });

  it('is refused with an authorizer that is not there, and with one behind another route', () => {
    const apis = drafts();
    apis.addStage('wabc', 'local');
    apis.addStage('habc', 'local');
    apis.addIntegration('i1', 'arn:aws:lambda:eu-west-1:000000000000:function:f');
    const route = { id: 'r1', integrationId: 'i1', authorizerId: 'a1' };
    expect(() => apis.addRoute('wabc', { ...route, routeKey: '$default' })).toThrow(
      /expected an authorizer on \$connect alone/,
    );
    apis.addRoute('wabc', { ...route, routeKey: '$connect' });
    expect(() => publish(apis)).toThrow(/expected an authorizer, got a1/);
  });

  it('is refused with an identity source that is not carried out, and parts that HTTP APIs do not have', () => {
    const authorizer = { id: 'a', functionArn: 'f', identitySources: ['context.stage'] };
    expect(() => drafts().addAuthorizer('wabc', authorizer)).toThrow(/got context.stage/);
    expect(() => drafts().addAuthorizer('habc', authorizer)).toThrow(/got the HTTP API habc/);
    expect(() => drafts().addRouteResponse('habc', 'r')).toThrow(/got the HTTP API habc/);
    const mapping = { domain: 'd.example.com', key: '', stage: 's' };
    expect(() => drafts().mapDomain('habc', mapping)).toThrow(/domain d.example.com: expected a WebSocket/);
  });
});

it('a domain of its own stays as the first part of the local path', () => {
  const apis = drafts();
  apis.addDomain('ws.example.com');
  expect(apis.localize('wss://ws.example.com/chat https://ws.example.com https://ws.example.com.au/x')).toBe(
    'ws://localhost:4000/ws.example.com/chat http://localhost:4000/ws.example.com https://ws.example.com.au/x',
  );
});
