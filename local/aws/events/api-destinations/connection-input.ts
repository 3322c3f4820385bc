import * as v from 'valibot';
import { EventsValidationError } from '../errors';
import { endpointSchema } from './endpoint-url';

const name = v.pipe(v.string(), v.regex(/^[.\-_A-Za-z0-9]{1,64}$/));

const parameter = v.strictObject({
  Key: v.pipe(v.string(), v.nonEmpty()),
  Value: v.string(),
  IsValueSecret: v.optional(v.union([v.boolean(), v.picklist(['true', 'false'])])),
});

const httpParameters = v.strictObject({
  HeaderParameters: v.optional(v.array(parameter), []),
  QueryStringParameters: v.optional(v.array(parameter), []),
  BodyParameters: v.optional(v.array(parameter), []),
});

/** A connection as CreateConnection and `AWS::Events::Connection` write it; private endpoints are not carried out. */
const connectionSchema = v.strictObject({
  Name: name,
  Description: v.optional(v.pipe(v.string(), v.maxLength(512))),
  AuthorizationType: v.picklist(['API_KEY', 'BASIC', 'OAUTH_CLIENT_CREDENTIALS']),
  AuthParameters: v.strictObject({
    ApiKeyAuthParameters: v.optional(
      v.strictObject({ ApiKeyName: v.pipe(v.string(), v.nonEmpty()), ApiKeyValue: v.string() }),
    ),
    BasicAuthParameters: v.optional(v.strictObject({ Username: v.string(), Password: v.string() })),
    OAuthParameters: v.optional(
      v.strictObject({
        AuthorizationEndpoint: endpointSchema,
        HttpMethod: v.picklist(['GET', 'POST', 'PUT']),
        ClientParameters: v.strictObject({ ClientID: v.string(), ClientSecret: v.string() }),
        OAuthHttpParameters: v.optional(httpParameters),
      }),
    ),
    InvocationHttpParameters: v.optional(httpParameters),
  }),
});

const destinationSchema = v.strictObject({
  Name: name,
  Description: v.optional(v.pipe(v.string(), v.maxLength(512))),
  ConnectionArn: v.string(),
  InvocationEndpoint: endpointSchema,
  HttpMethod: v.picklist(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']),
  InvocationRateLimitPerSecond: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.digits())]),
      v.transform(Number),
      v.integer(),
      v.minValue(1),
    ),
    300,
  ),
});

export type ConnectionInput = v.InferOutput<typeof connectionSchema>;
export type ConnectionHttpParameters = v.InferOutput<typeof httpParameters>;
export type ApiDestinationInput = v.InferOutput<typeof destinationSchema>;

const PARAMETERS_OF = {
  API_KEY: 'ApiKeyAuthParameters',
  BASIC: 'BasicAuthParameters',
  OAUTH_CLIENT_CREDENTIALS: 'OAuthParameters',
} as const;

/** @throws EventsValidationError */
export function readConnection(input: unknown): ConnectionInput {
  const connection = read('connection', connectionSchema, input);
  const wanted = PARAMETERS_OF[connection.AuthorizationType];
  const given = Object.values(PARAMETERS_OF).filter((each) => connection.AuthParameters[each] !== undefined);
  if (given.length === 1 && given[0] === wanted) return connection;
  throw new EventsValidationError(
    `connection ${connection.Name}, AuthParameters: expected ${wanted} for ${connection.AuthorizationType}, got ${given.join(', ') || 'none'}`,
  );
}

/** @throws EventsValidationError */
export function readDestination(input: unknown): ApiDestinationInput {
  return read('API destination', destinationSchema, input);
}

function read<Schema extends v.GenericSchema>(
  what: string,
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new EventsValidationError(`${what}, ${v.getDotPath(issue) ?? 'input'}: ${issue.message}`);
}
