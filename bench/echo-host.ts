import { readFileSync } from 'node:fs';
import { allow, arnOf, LOGS, lambda, role, runTemplate } from '../test/local/template-cloud';

const BASE_PORT = 5200;

/** The local runtime with the smallest WebSocket API, in a process of its own; sends its parent the address of the API. */
async function main(code: string): Promise<void> {
  const route = (key: string) => ({
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: {
      ApiId: { Ref: 'Api' },
      RouteKey: key,
      Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
    },
  });
  const post = allow('execute-api:ManageConnections', 'arn:aws:execute-api:*:*:*/local/POST/@connections/*');
  const { websocketUrl } = await runTemplate(
    {
      Role: role([LOGS, post]),
      Echo: lambda('echo', 'Role', {
        MemorySize: 512,
        Timeout: 10,
        Environment: { Variables: { CALLBACK_URL: `http://localhost:${BASE_PORT}/local` } },
      }),
      Api: {
        Type: 'AWS::ApiGatewayV2::Api',
        Properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
      },
      Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'local' } },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'AWS_PROXY', IntegrationUri: arnOf('Echo') },
      },
      Connect: route('$connect'),
      Default: route('$default'),
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: arnOf('Echo'),
          Action: 'lambda:InvokeFunction',
          Principal: 'apigateway.amazonaws.com',
          SourceArn: { 'Fn::Sub': `arn:aws:execute-api:us-east-1:000000000000:\${Api}/*` },
        },
      },
    },
    BASE_PORT,
    readFileSync(code, 'utf8'),
  );
  process.send?.(`${websocketUrl}/local`);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`echo host: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
