import { REQUESTS, type RequestRate } from '../gateway/throttle';
import { digest, generatedId } from './naming';
import { Properties, PropertyError, type Provider, type ResourceRequest } from './provider';

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
  const ref = `i${digest(`${request.stack}/${request.logicalId}`)}`;
  const timeoutMs = properties.has('TimeoutInMillis') ? properties.number('TimeoutInMillis', 0) : undefined;
  if (timeoutMs !== undefined && timeoutMs < 50) {
    throw new PropertyError(request, 'TimeoutInMillis', 'at least 50', timeoutMs);
  }
  cloud.apis.addIntegration(ref, functionOf(request, 'IntegrationUri'), timeoutMs);
  return { ref };
};

/** The function in the URI of an integration or authorizer; HTTP APIs may name it without the path around it. */
function functionOf(request: ResourceRequest, property: string): string {
  const uri = new Properties(request).string(property);
  const functionArn = FUNCTION_OF_URI.exec(uri)?.[1] ?? uri;
  if (functionArn.includes(':lambda:')) return functionArn;
  throw new PropertyError(request, property, 'a function', uri);
}

/** `AWS::ApiGatewayV2::Authorizer`: functions in front of the `$connect` of WebSocket APIs. */
export const authorizer: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const type = properties.string('AuthorizerType');
  if (type !== 'REQUEST') throw new PropertyError(request, 'AuthorizerType', 'REQUEST', type);
  const id = `a${digest(`${request.stack}/${request.logicalId}`)}`;
  cloud.apis.addAuthorizer(properties.string('ApiId'), {
    id,
    functionArn: functionOf(request, 'AuthorizerUri'),
    identitySources: properties.strings('IdentitySource'),
    roleArn: properties.optionalString('AuthorizerCredentialsArn'),
  });
  return { ref: id, attributes: { AuthorizerId: id } };
};

/** `AWS::ApiGatewayV2::Route`; JWT authorizers, and IAM's on WebSocket APIs, are refused, not skipped. */
export const route: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const authorization = properties.optionalString('AuthorizationType') ?? 'NONE';
  if (!['NONE', 'AWS_IAM', 'CUSTOM'].includes(authorization)) {
    throw new PropertyError(request, 'AuthorizationType', 'NONE, AWS_IAM or CUSTOM', authorization);
  }
  const id = `r${digest(`${request.stack}/${request.logicalId}`)}`;
  const selection = properties.optionalString('RouteResponseSelectionExpression');
  if (selection !== undefined && selection !== '$default') {
    throw new PropertyError(request, 'RouteResponseSelectionExpression', '$default', selection);
  }
  cloud.apis.addRoute(properties.string('ApiId'), {
    id,
    routeKey: properties.string('RouteKey'),
    integrationId: properties.string('Target').replace(/^integrations\//, ''),
    signed: authorization === 'AWS_IAM',
    authorizerId: authorization === 'CUSTOM' ? properties.string('AuthorizerId') : undefined,
    selectsResponse: selection !== undefined,
  });
  return { ref: id, attributes: { RouteId: id } };
};

/** `AWS::ApiGatewayV2::RouteResponse`: what makes a route answer, together with the route's selection expression. */
export const routeResponse: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const key = properties.string('RouteResponseKey');
  if (key !== '$default') throw new PropertyError(request, 'RouteResponseKey', '$default', key);
  cloud.apis.addRouteResponse(properties.string('ApiId'), properties.string('RouteId'));
  return { ref: generatedId(request, 'rr') };
};

/** `AWS::ApiGatewayV2::Stage` with its throttles. Access logs have no effect yet. */
export const stage: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.string('StageName');
  const settings = properties.object('RouteSettings');
  const routes = Object.keys(settings.raw).flatMap((key) => {
    const rate = rateOf(settings.object(key));
    return rate ? [[key, rate] as const] : [];
  });
  cloud.apis.addStage(properties.string('ApiId'), name, {
    routes: Object.fromEntries(routes),
    otherwise: rateOf(properties.object('DefaultRouteSettings')),
  });
  return { ref: name };
};

/** Undefined without either number; the other is then the account's. */
function rateOf(settings: Properties): RequestRate | undefined {
  if (!settings.has('ThrottlingRateLimit') && !settings.has('ThrottlingBurstLimit')) return undefined;
  return {
    perSecond: settings.number('ThrottlingRateLimit', REQUESTS.perSecond),
    burst: settings.number('ThrottlingBurstLimit', REQUESTS.burst),
  };
}

/** `AWS::ApiGatewayV2::DomainName`: its name is answered to here; certificates are not looked at. */
export const domainName: Provider = (request, cloud) => {
  const domain = new Properties(request).string('DomainName');
  cloud.apis.addDomain(domain);
  const RegionalDomainName = `d-${digest(domain)}.execute-api.${cloud.region}.amazonaws.com`;
  const DomainNameArn = `arn:aws:apigateway:${cloud.region}::/domainnames/${domain}`;
  return {
    ref: domain,
    attributes: { DomainName: domain, DomainNameArn, RegionalDomainName, RegionalHostedZoneId: 'Z0LOCAL' },
  };
};

/** `AWS::ApiGatewayV2::ApiMapping` of WebSocket APIs. */
export const apiMapping: Provider = (request, cloud) => {
  const properties = new Properties(request);
  cloud.apis.mapDomain(properties.string('ApiId'), {
    domain: properties.string('DomainName'),
    key: properties.optionalString('ApiMappingKey') ?? '',
    stage: properties.string('Stage'),
  });
  const ref = generatedId(request, 'mapping');
  return { ref, attributes: { ApiMappingId: ref } };
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
