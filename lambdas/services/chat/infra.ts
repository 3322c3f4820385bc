import type { ServiceDefinition } from '../../../lib/service-definition';
import { DEFAULT_RULES } from '../../contract/registry';
import { LOG } from './rules';

/** Longest JSON of who types what kind of thing: a direct publication of each keystroke's burst. */
const TYPING_BYTES = 512;

export const methods = [
  'createRoom',
  'join',
  'leave',
  'invite',
  'remove',
  'send',
  'edit',
  'delete',
  'history',
  'markDelivered',
  'markRead',
  'status',
  'unread',
] as const;

const chat: ServiceDefinition = {
  methods,
  table: true,
  // Who leaves a room is unsubscribed from its channels.
  connections: true,
  namespaces: {
    // Members come in by the service's word; only the service publishes. Who was away gets what he missed.
    chat: {
      ...DEFAULT_RULES,
      subscribe: 'service',
      history: 'subscribers',
      historySize: LOG.publications,
      historyTtlSeconds: LOG.seconds,
      recover: true,
      presence: true,
      presenceFor: 'subscribers',
      lifecycle: true,
    },
    // From member to member without the service, and not kept.
    typing: { ...DEFAULT_RULES, subscribe: 'service', publish: 'direct', publicationBytes: TYPING_BYTES },
  },
};

export default chat;
