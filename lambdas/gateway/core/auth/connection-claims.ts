import { isChannelName } from '../../../contract/channel';
import { isJsonObject, type JsonObject } from '../../../contract/json';
import { type Identity, MAX_SUBSCRIPTIONS, type SubscriptionOptions } from '../connections/connection';
import { readInfo, readOptions, readTimes, readUser } from './claims';
import { type Expired, type Invalid, invalid, isRefusal } from './verdict';

type ServerSide = Required<Pick<Identity, 'channels' | 'subs'>>;

/** The claim `channels`: names. */
function readChannels(value: unknown): ServerSide | Invalid {
  if (!Array.isArray(value) || value.length > MAX_SUBSCRIPTIONS) {
    return invalid(`channels: expected a list of at most ${MAX_SUBSCRIPTIONS} names, got something else`);
  }
  const names = value.filter((name): name is string => typeof name === 'string' && isChannelName(name));
  return names.length === value.length
    ? { channels: [...new Set(names)], subs: new Map() }
    : invalid('channels: expected channel names, got another value among them');
}

/** The claim `subs`: options by channel. */
function readSubs(value: JsonObject): ServerSide | Invalid {
  const entries = Object.entries(value);
  if (entries.length > MAX_SUBSCRIPTIONS) {
    return invalid(`subs: expected at most ${MAX_SUBSCRIPTIONS} channels, got more`);
  }
  const subs = new Map<string, SubscriptionOptions>();
  for (const [channel, given] of entries) {
    if (!isChannelName(channel) || !isJsonObject(given)) {
      return invalid('subs: expected channel names with an object each, got something else among them');
    }
    const options = readOptions(given);
    if (isRefusal(options)) return invalid(`subs: ${options.reason}`);
    if (Object.keys(options).length > 0) subs.set(channel, options);
  }
  return { channels: entries.map(([channel]) => channel), subs };
}

/** Server-side subscriptions. As with Centrifugo, `channels` counts only where `subs` names none. */
function readServerSide({ subs = {}, channels = [] }: JsonObject): ServerSide | Invalid {
  if (!isJsonObject(subs)) return invalid('subs: expected an object, got something else');
  return Object.keys(subs).length > 0 ? readSubs(subs) : readChannels(channels);
}

/**
 * Reads the claims of a connection token whose signature is right. `override` of `subs` and `meta` are ignored: the rules of a
 * namespace hold for everyone. `now` in epoch milliseconds.
 */
export function readConnectionClaims(
  claims: JsonObject,
  anonymous: boolean,
  now: number,
): { readonly identity: Identity } | Expired | Invalid {
  // A token for one channel may have been given to somebody who should have nothing else.
  if ('channel' in claims) return invalid('token: expected a connection token, got one of a subscription');
  const times = readTimes(claims, now);
  if (isRefusal(times)) return times;
  const named = readUser(claims);
  if (isRefusal(named)) return named;
  if (named.user === '' && !anonymous) return invalid('token sub: expected a user, got none');
  const info = readInfo(claims);
  if (isRefusal(info)) return info;
  const serverSide = readServerSide(claims);
  if (isRefusal(serverSide)) return serverSide;
  return { identity: { ...named, ...times, ...info, ...serverSide } };
}
