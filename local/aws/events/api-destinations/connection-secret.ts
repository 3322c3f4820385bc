import * as v from 'valibot';
import type { ConnectionHttpParameters, ConnectionInput } from './connection-input';

const parameter = v.object({ key: v.string(), value: v.string() });

const httpParameters = v.object({
  header_parameters: v.optional(v.array(parameter), []),
  query_string_parameters: v.optional(v.array(parameter), []),
  body_parameters: v.optional(v.array(parameter), []),
});

const invocation_http_parameters = v.optional(httpParameters);

const apiKey = v.object({ api_key_name: v.string(), api_key_value: v.string(), invocation_http_parameters });
const basic = v.object({ username: v.string(), password: v.string(), invocation_http_parameters });
const oauth = v.object({
  authorization_endpoint: v.string(),
  http_method: v.picklist(['GET', 'POST', 'PUT']),
  client_id: v.string(),
  client_secret: v.string(),
  oauth_http_parameters: v.optional(httpParameters),
  invocation_http_parameters,
});

const secretSchema = v.pipe(v.string(), v.parseJson(), v.union([apiKey, basic, oauth]));

export type HttpParameters = v.InferOutput<typeof httpParameters>;
export type OAuthCredentials = v.InferOutput<typeof oauth>;
/** What a request is authorized with: the content of the connection's secret. */
export type Credentials = v.InferOutput<typeof secretSchema>;

/** The value of a connection's secret, as EventBridge writes it. */
export function secretOf({ AuthParameters }: ConnectionInput): string {
  const { ApiKeyAuthParameters, BasicAuthParameters, OAuthParameters, InvocationHttpParameters } =
    AuthParameters;
  return JSON.stringify({
    ...(ApiKeyAuthParameters && {
      api_key_name: ApiKeyAuthParameters.ApiKeyName,
      api_key_value: ApiKeyAuthParameters.ApiKeyValue,
    }),
    ...(BasicAuthParameters && {
      username: BasicAuthParameters.Username,
      password: BasicAuthParameters.Password,
    }),
    ...(OAuthParameters && {
      authorization_endpoint: OAuthParameters.AuthorizationEndpoint,
      http_method: OAuthParameters.HttpMethod,
      client_id: OAuthParameters.ClientParameters.ClientID,
      client_secret: OAuthParameters.ClientParameters.ClientSecret,
      oauth_http_parameters: parametersOf(OAuthParameters.OAuthHttpParameters),
    }),
    invocation_http_parameters: parametersOf(InvocationHttpParameters),
  });
}

/** @throws Error for a secret that somebody has overwritten with something else */
export function readSecret(text: string, connection: string): Credentials {
  const result = v.safeParse(secretSchema, text);
  if (result.success) return result.output;
  throw new Error(
    `secret of the connection ${connection}: expected its parameters as JSON, got something else`,
  );
}

function parametersOf(given: ConnectionHttpParameters | undefined): HttpParameters | undefined {
  return (
    given && {
      header_parameters: given.HeaderParameters.map(parameterOf),
      query_string_parameters: given.QueryStringParameters.map(parameterOf),
      body_parameters: given.BodyParameters.map(parameterOf),
    }
  );
}

function parameterOf({ Key, Value }: ConnectionHttpParameters['BodyParameters'][number]) {
  return { key: Key, value: Value };
}
