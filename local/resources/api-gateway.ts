import { digest, generatedId } from './naming';
import { Properties, PropertyError, type Provider } from './provider';

/** `AWS::ApiGatewayV2::Api`, WebSocket or HTTP. */
export const api: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const protocol = properties.string('ProtocolType');
  if (protocol !== 'WEBSOCKET' && protocol !== 'HTTP') {
    throw new PropertyError(request, 'ProtocolType', 'WEBSOCKET or HTTP', protocol);
  }
  // AWS gives ten lower-case letters and digits.
  const apiId = `${protocol === 'HTTP' ? 'h' : 'w'}${digest(`${request.stack}/${request.logicalId}`)}`;
  const selection = properties.optionalString('RouteSelectionExpression') ?? '$request.body.action';
  cloud.apis.addApi(apiId, protocol, selection);
  return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: cloud.apis.endpoint(apiId) } };
};

const FUNCTION_OF_URI = /:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/;

/** `AWS::ApiGatewayV2::Integration`: Lambda proxies only. */
export const integration: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const type = properties.string('IntegrationType');
  if (type !== 'AWS_PROXY') throw new PropertyError(request, 'IntegrationType', 'AWS_PROXY', type);
  const uri = properties.string('IntegrationUri');
  // HTTP APIs may name the function without the path around it.
  const functionArn = FUNCTION_OF_URI.exec(uri)?.[1] ?? uri;
  if (!functionArn.includes(':lambda:'))
    throw new PropertyError(request, 'IntegrationUri', 'a function', uri);
  const ref = `i${digest(`${request.stack}/${request.logicalId}`)}`;
  cloud.apis.addIntegration(ref, functionArn);
  return { ref };
};

/** `AWS::ApiGatewayV2::Route`; authorizers but IAM's are refused, not skipped. */
export const route: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const authorization = properties.optionalString('AuthorizationType') ?? 'NONE';
  if (authorization !== 'NONE' && authorization !== 'AWS_IAM') {
    throw new PropertyError(request, 'AuthorizationType', 'NONE or AWS_IAM', authorization);
  }
  const target = properties.string('Target');
  cloud.apis.addRoute(
    properties.string('ApiId'),
    properties.string('RouteKey'),
    target.replace(/^integrations\//, ''),
    authorization === 'AWS_IAM',
  );
  return { ref: `r${digest(`${request.stack}/${request.logicalId}`)}` };
};

/** `AWS::ApiGatewayV2::Stage`. Throttles and access logs have no effect yet. */
export const stage: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.string('StageName');
  cloud.apis.addStage(properties.string('ApiId'), name);
  return { ref: name };
};

/** What API Gateway wants to do with the role that writes its logs; it takes no other. */
const LOG_ACTIONS = [
  'CreateLogGroup',
  'CreateLogStream',
  'DescribeLogGroups',
  'DescribeLogStreams',
  'FilterLogEvents',
  'GetLogEvents',
  'PutLogEvents',
];

/** `AWS::ApiGateway::Account`: the role is checked as API Gateway does, then nothing is written. */
export const account: Provider = (request, cloud) => {
  const roleArn = new Properties(request).optionalString('CloudWatchRoleArn');
  if (roleArn !== undefined) {
    const gateway = cloud.access.assume(roleArn, 'apigateway.amazonaws.com', 'apigateway');
    const resource = cloud.arn('logs', 'log-group:/aws/apigateway/welcome:log-stream:welcome');
    for (const action of LOG_ACTIONS) cloud.access.require(gateway, { action: `logs:${action}`, resource });
  }
  return { ref: generatedId(request, 'account') };
};
