import type { Centrifuge } from 'centrifuge';
import type { JsonObject } from '../../../lambdas/contract/json';
import { Sightings } from '../sightings';

/** Calls a method of chat; rejects with the error of the reply. */
export async function chat(client: Centrifuge, method: string, data: JsonObject = {}): Promise<JsonObject> {
  const reply = await client.rpc(`chat.${method}`, data);
  return reply.data as JsonObject;
}

/** A room of the first client, in which all are. */
export async function roomOf([owner, ...others]: readonly Centrifuge[], name = 'Tea'): Promise<string> {
  if (owner === undefined) throw new Error('expected an owner, got nobody');
  const room = String((await chat(owner, 'createRoom', { name }))['room']);
  await Promise.all(others.map((client) => chat(client, 'join', { room })));
  return room;
}

/** Follows the messages of a room. */
export function follow(client: Centrifuge, room: string): Promise<Sightings> {
  return Sightings.of(client, `chat:${room}`);
}

export interface SeenMessage {
  readonly type: string;
  readonly id: number;
  readonly user: string;
  readonly text: string;
}

/** Messages as the application got them, in that order. */
export function messagesIn(seen: Sightings): SeenMessage[] {
  return (seen.data as SeenMessage[]).filter(({ type }) => type === 'message');
}
