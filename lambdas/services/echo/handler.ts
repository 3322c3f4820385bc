import * as v from 'valibot';
import { defineService, isChannelName, PROTOCOL_ERRORS, RpcError } from '../../service-sdk';

// A client's frame ends at 32 KB; this leaves 2 KB for the command around the text.
const MAX_TEXT_BYTES = 30 * 1024;

const text = v.pipe(
  v.string(),
  v.nonEmpty('expected at least 1 character, got none'),
  v.maxBytes(MAX_TEXT_BYTES, ({ received }) => `expected at most ${MAX_TEXT_BYTES} bytes, got ${received}`),
);

const channel = v.pipe(
  v.string(),
  v.check(isChannelName, ({ input }) => {
    return `expected a channel name (1 to 255 printable ASCII characters, no space, no braces), got ${JSON.stringify(input)}`;
  }),
);

/** The one channel of the namespace `echo` that nobody gets into. */
const CLOSED = 'echo:closed';

/**
 * The smallest service: `echo.say {text}` answers its caller, `echo.shout {channel, text}` tells a channel. It decides about its
 * namespace `echo`: who comes in, and what becomes of what is said there.
 */
export const handler = defineService({
  name: 'echo',
  rpc: {
    say: {
      input: v.object({ text }),
      handle: ({ data, user }) => ({ text: data.text, user }),
    },
    shout: {
      input: v.object({ channel, text }),
      // Replied with the publication's offset and epoch, once subscribers can have it.
      handle: ({ data, user, publish }) =>
        publish(data.channel, { text: data.text, user }, { replyWithOffset: {} }),
    },
  },
  subscribe: {
    echo: {
      handle: ({ channel, user }) => {
        const { code, message } = PROTOCOL_ERRORS.permissionDenied;
        if (channel === CLOSED) throw new RpcError(code, message);
        return { info: { guest: user === '' }, data: { welcome: user } };
      },
    },
  },
  publish: {
    echo: {
      input: v.object({ text }),
      handle: ({ data, user, accept }) => accept({ text: data.text, user }),
    },
  },
  send: {
    input: v.object({ channel, text }),
    handle: ({ data, user, publish }) => publish(data.channel, { text: data.text, user }),
  },
});
