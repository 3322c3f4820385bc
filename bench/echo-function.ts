import { SignedPoster } from '../lambdas/gateway/core/adapters/aws/signed-poster';

interface WebSocketEvent {
  readonly requestContext: { readonly eventType: string; readonly connectionId: string };
  readonly body?: string;
}

const poster = new SignedPoster({
  callbackUrl: process.env['CALLBACK_URL'] ?? '',
  log: (level, message, fields) => console.log(level, message, fields),
});

/** Posts a message back to its connection. The same file runs on both sides of `npm run bench -- peer`. */
export async function handler({ requestContext, body = '' }: WebSocketEvent) {
  if (requestContext.eventType === 'MESSAGE') {
    const outcome = await poster.post(requestContext.connectionId, body);
    if (outcome !== 'ok') throw new Error(`expected a post, got ${outcome}`);
  }
  return { statusCode: 200 };
}
