import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../lambdas/contract/json';
import { METHODS, type Method, NOT_AVAILABLE, REQUESTS } from '../lambdas/gateway/core/server-api/requests';
import { apiError, RESULTS } from '../lambdas/gateway/core/server-api/results';
import { jsonSchemaOf } from './openapi/json-schema';

/** Writes the document of the server API, `docs/openapi.json`, from the schemas that requests are read with. */

export const DOCUMENT = join(__dirname, '..', 'docs', 'openapi.json');

const SUMMARIES: Readonly<Record<Method, string>> = {
  publish: 'Publish into a channel',
  broadcast: 'Publish the same into many channels',
  subscribe: "Subscribe a user's open connections to a channel",
  unsubscribe: "End a subscription of a user's open connections",
  disconnect: "End a user's open connections",
  presence: 'List who is in a channel',
  presence_stats: 'Count who is in a channel',
  history: 'Read publications of a channel, or its position alone',
  history_remove: 'Forget the publications of a channel; its position stays',
  info: 'Tell of the environment',
  reply: 'Answer an rpc in the place of a service',
  delivered: 'Count the sockets of a user that took a publication to its own channel',
  revoke: 'Make tokens of a user worthless that were issued before a time',
};

const content = (schema: JsonObject) => ({ 'application/json': { schema } });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const errorResponse = (description: string) => ({ description, content: content(reference('Failure')) });

function operation(method: Method): JsonObject {
  const fields = Object.entries(NOT_AVAILABLE[method] ?? {});
  const description = fields.map(([field, reason]) => `\`${field}\` is not available: ${reason}.`).join(' ');
  const answer = {
    type: 'object',
    properties: { result: jsonSchemaOf(RESULTS[method]), error: reference('Error') },
  };
  return {
    operationId: method,
    summary: SUMMARIES[method],
    ...(description === '' ? {} : { description }),
    requestBody: { required: true, content: content(jsonSchemaOf(REQUESTS[method])) },
    responses: {
      200: { description: 'A result, or an error of the protocol', content: content(answer) },
      400: errorResponse('The body is no request of this method'),
      401: errorResponse('The key is not there, or another'),
      503: errorResponse('The key cannot be checked now'),
    },
  };
}

/** The document, as JSON. */
export function openApiDocument(): JsonObject {
  const paths = METHODS.map((method) => [`/${method}`, { post: operation(method) }] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast server API',
      version: '1',
      description: 'In the shapes of the Centrifugo HTTP API. See docs/server-api.md.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: '{serverApiUrl}',
        variables: {
          serverApiUrl: {
            default: 'http://localhost:4001/local/api',
            description: 'Output serverApiUrl of the gateway stack; ends in /api',
          },
        },
      },
    ],
    security: [{ key: [] }, { authorization: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        authorization: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`apikey <key>`; with IAM a signature, on `/iam/{method}`',
        },
      },
      schemas: {
        Error: jsonSchemaOf(apiError),
        Failure: { type: 'object', properties: { error: reference('Error') }, required: ['error'] },
      },
    },
  };
}

if (require.main === module) writeFileSync(DOCUMENT, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
