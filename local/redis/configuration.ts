import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** The user of the developer's tools, with all rights, on the plain port only by convention. */
export const OPERATOR = 'operator';

export interface Ports {
  readonly tls: number;
  readonly plain: number;
  readonly bus: number;
}

export interface ServerSettings {
  readonly dir: string;
  readonly user: string;
  readonly password: string;
  readonly accessString: string;
  readonly maxMemoryMb?: number;
  readonly ports: Ports;
  readonly operatorPassword: string;
}

/** Text of `redis.conf`. The certificate files and `nodes.conf` lie in the same folder. */
export function serverConfiguration(settings: ServerSettings): string {
  const { dir, ports, maxMemoryMb = 256 } = settings;
  const lines: ReadonlyArray<readonly [string, string]> = [
    ['dir', quoted(dir)],
    ['bind', '127.0.0.1 -::1'],
    ['port', String(ports.plain)],
    ['tls-port', String(ports.tls)],
    ['tls-cert-file', quoted(join(dir, 'server.pem'))],
    ['tls-key-file', quoted(join(dir, 'server.key'))],
    ['tls-ca-cert-file', quoted(join(dir, 'ca.pem'))],
    ['tls-auth-clients', 'no'],
    // Makes CLUSTER SLOTS answer a TLS client with the TLS port and a plain one with the plain port.
    ['tls-cluster', 'yes'],
    ['cluster-enabled', 'yes'],
    ['cluster-port', String(ports.bus)],
    ['cluster-config-file', 'nodes.conf'],
    ['cluster-announce-hostname', 'localhost'],
    ['cluster-preferred-endpoint-type', 'hostname'],
    ['save', '""'],
    ['appendonly', 'no'],
    ['maxmemory', `${maxMemoryMb}mb`],
    ['maxmemory-policy', 'volatile-lru'],
    ['protected-mode', 'no'],
    ['daemonize', 'no'],
    ['user', 'default off'],
    ['user', `${OPERATOR} on #${sha256(settings.operatorPassword)} ~* &* +@all`],
    ['user', `${settings.user} ${settings.accessString} #${sha256(settings.password)}`],
  ];
  return lines.map(([name, value]) => `${name} ${value}\n`).join('');
}

/**
 * Text of a `nodes.conf` in which this node is the replica of one that has all slots and does not exist. A primary that
 * starts refuses commands for 2 s (it might have been replaced meanwhile); a replica that takes over serves at once.
 */
export function clusterNodes(ports: Ports): { readonly file: string; readonly formerId: string } {
  const formerId = randomBytes(20).toString('hex');
  const ownId = randomBytes(20).toString('hex');
  const file = [
    `${formerId} 127.0.0.1:1@2 master - 0 0 1 connected 0-16383`,
    `${ownId} 127.0.0.1:${ports.plain}@${ports.bus} myself,slave ${formerId} 0 0 1 connected`,
    'vars currentEpoch 1 lastVoteEpoch 0',
    '',
  ].join('\n');
  return { file, formerId };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** As the configuration file reads a value with spaces. */
function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
