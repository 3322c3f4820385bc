import type { RedisScript, ScriptRunner } from '../../lambdas/gateway/core/redis-script';
import type { Fault } from './faults';

/** A change of a script's text. */
interface Patch {
  readonly script: string;
  readonly from: string;
  readonly to: string;
}

/** A bug that can be planted into the core by changing what its scripts do. */
export interface Bug {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Trouble that it takes to show, where several defences stand in its way; else by the seed. */
  readonly faults?: readonly Fault[];
  /** It takes channels that know who is in them. */
  readonly listed?: boolean;
}

/** A script does not have the text that a patch replaces: the bug has to be written anew. */
export class PatchError extends Error {
  override readonly name = 'PatchError';

  constructor({ script, from }: Patch, times: number) {
    super(`patch of ${script}: expected "${from}" once, got it ${times} times`);
  }
}

export const BUGS: readonly Bug[] = [
  {
    name: 'a member joins as up to date',
    patches: [{ script: 'hf1activate', from: 'if not known[3] and own == cursor then', to: 'if true then' }],
  },
  {
    name: 'a drain commits without the lock',
    faults: ['stalls'],
    patches: [
      { script: 'hf1commit', from: 'if known[1] ~= ARGV[1] then', to: 'if false then' },
      // Else the next reader would find another token than its own predecessor's, and close everybody.
      {
        script: 'hf1commit',
        from: "redis.call('HSET', KEYS[1], 'done', ARGV[1], 'removed', removed)",
        to: "if known[1] == ARGV[1] then redis.call('HSET', KEYS[1], 'done', ARGV[1]) end",
      },
    ],
  },
  {
    name: 'the cursor moves before the posts',
    patches: [
      {
        script: 'hf1announce',
        from: "redis.call('HSET', KEYS[1], 'fly', ARGV[2])",
        to: "redis.call('HSET', KEYS[1], 'cursor', ARGV[2], 'done', ARGV[1])",
      },
    ],
  },
  {
    name: 'a drain ends although the partition is marked',
    patches: [
      {
        script: 'hf1commit',
        from: "return {'committed', redis.call('HEXISTS', KEYS[1], 'dirty'), removed}",
        to: "redis.call('HDEL', KEYS[1], 'dirty')\nreturn {'committed', 0, removed}",
      },
    ],
  },
  {
    name: 'a removal hits the successor',
    faults: ['trims', 'slow-posts'],
    patches: [
      { script: 'hf1commit', from: 'if nonce ~= ARGV[index + 1] then', to: 'if not nonce then' },
      {
        script: 'hf1leave',
        from: "if nonce ~= ARGV[2] then return 'absent' end",
        to: "if not nonce then return 'absent' end",
      },
      {
        script: 'hf1join',
        from: "if nonce and nonce ~= string.match(ARGV[2], '^[^|]*') then",
        to: 'if false then',
      },
    ],
  },
  {
    name: 'a takeover posts again',
    patches: [
      {
        script: 'hf1begin',
        from: "local answer = redis.call('HGETALL', KEYS[1])",
        to: "redis.call('HDEL', KEYS[1], 'fly')\nlocal answer = redis.call('HGETALL', KEYS[1])",
      },
      { script: 'hf1read', from: "answer[4] = '0'", to: "answer[4] = '1'" },
    ],
  },
  {
    name: 'a repeat is appended',
    patches: [{ script: 'hf1append', from: 'if former[1] then', to: 'if false then' }],
  },
  {
    name: 'a log that was set back grows on',
    patches: [
      { script: 'hf1witness', from: "if epoch ~= ARGV[2] then return {'set back', epoch} end", to: '' },
      {
        script: 'hf1witness',
        from: "if held ~= tag then return {'set back', epoch} end",
        to: '',
      },
      { script: 'hf1witness', from: "if not held then return {'unproved', offset, tag} end", to: '' },
    ],
  },
  {
    name: 'a subscribe does not wait for what a running drain posts',
    patches: [
      {
        script: 'hf1leave',
        from: "if redis.call('HEXISTS', KEYS[1], 'lock') == 1 then",
        to: 'if false then',
      },
      {
        script: 'hf1join',
        from: "if nonce and nonce ~= string.match(ARGV[2], '^[^|]*') then",
        to: 'if false then',
      },
    ],
  },
  {
    name: 'a slow post that lands forgets that its outcome is unknown',
    patches: [
      {
        script: 'hf1land',
        from: "redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])",
        to: "redis.call('HSET', KEYS[1], ARGV[1], (string.gsub(ARGV[3], '|x|', '|b|', 1)))",
      },
    ],
  },
  {
    name: 'a late leave takes away who came back',
    faults: ['toggles', 'trims'],
    listed: true,
    patches: [{ script: 'hf1vanish', from: 'if nonce and nonce == ARGV[3] then', to: 'if nonce then' }],
  },
  {
    name: 'who is told to subscribe again joins twice',
    faults: ['trims'],
    listed: true,
    patches: [{ script: 'hf1appear', from: 'if formerNonce then', to: 'if false then' }],
  },
  {
    name: 'a channel is vacated with members in it',
    faults: ['toggles'],
    listed: true,
    patches: [{ script: 'hf1vanish', from: "if redis.call('EXISTS', KEYS[2]) == 1 then return end", to: '' }],
  },
];

/** Scripts with a bug in them. */
export function planted(bug: Bug, redis: ScriptRunner): ScriptRunner {
  return {
    run: (script, keys, args) => redis.run(patched(bug, script), keys, args),
  };
}

/** The script with the bug's patches; clients know scripts by their names, so it gets its own. */
export function patched({ name, patches }: Bug, script: RedisScript): RedisScript {
  let { lua } = script;
  for (const patch of patches) {
    if (patch.script !== script.name) continue;
    const pieces = lua.split(patch.from);
    if (pieces.length !== 2) throw new PatchError(patch, pieces.length - 1);
    lua = pieces.join(patch.to);
  }
  return lua === script.lua
    ? script
    : { ...script, lua, name: `${script.name}-${name.replaceAll(' ', '-')}` };
}
