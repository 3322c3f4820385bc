import { namespaceOf } from '../../../contract/channel';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Registry, Senders } from '../ports';
import type { CourierRecord } from './batch';
import type { CourierMessage } from './messages';
import type { DeliveryRefusal } from './refusals';

/** Unique id of the role of a `SenderId`, `AROA...:session`; undefined for users and the root of an account. */
export function roleOf(senderId: string): string | undefined {
  const colon = senderId.indexOf(':');
  return colon > 0 ? senderId.slice(0, colon) : undefined;
}

function foreignSource(service: string): DeliveryRefusal {
  return {
    kind: 'foreign-source',
    error: PROTOCOL_ERRORS.permissionDenied,
    reason: `source: expected ${service}, whose role sent it, got another`,
  };
}

/**
 * Whether a service may send what it sends. Who sent a message is what SQS says, not what the message says. Senders whose role no
 * service registered are the gateway's own functions and whom IAM lets send beside them: those are not judged here.
 */
export class SenderCheck {
  readonly #registry: Registry & Senders;

  constructor(registry: Registry & Senders) {
    this.#registry = registry;
  }

  /** Rejects where the registry was never read. */
  async refusalOf(
    { role, group }: Pick<CourierRecord, 'role' | 'group'>,
    message: CourierMessage,
  ): Promise<DeliveryRefusal | undefined> {
    // Without a group it came by the queue of wakes, to which no service sends.
    if (role === undefined || group === undefined || message.type === 'unreadable') return undefined;
    const service = await this.#registry.serviceOfRole(role);
    if (service === undefined) return undefined;
    // Everything else is between couriers.
    if (message.type !== 'publication' && message.type !== 'authorization') return foreignSource(service);
    if (message.source !== service) return foreignSource(service);
    return message.type === 'publication' ? this.#foreign(service, message.channel) : undefined;
  }

  async #foreign(service: string, channel: string): Promise<DeliveryRefusal | undefined> {
    if ((await this.#ownerAgainst(service, channel)) === undefined) return undefined;
    // What is put aside is not published by itself later: a registration may be younger than the copy here.
    await this.#registry.refresh();
    const owner = await this.#ownerAgainst(service, channel);
    if (owner === undefined) return undefined;
    return {
      kind: 'foreign-namespace',
      error: PROTOCOL_ERRORS.permissionDenied,
      reason: `namespace: expected one that ${service} may publish to, got one of ${owner}`,
    };
  }

  /** The owner of the channel's namespace, where it does not let the service publish. The gateway's are open to services. */
  async #ownerAgainst(service: string, channel: string): Promise<string | undefined> {
    const { owner, publishers = [] } = (await this.#registry.namespace(namespaceOf(channel))) ?? {};
    return owner === service || publishers.includes(service) ? undefined : owner;
  }
}
