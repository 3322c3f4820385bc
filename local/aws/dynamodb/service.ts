import { Agent, request as httpRequest, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../../lambdas/contract/json';
import { isJsonObject } from '../../../lambdas/contract/json';
import { AwsError, type AwsRequest, type AwsResponse, type AwsService, LOCAL_ACCOUNT } from '../../ports';
import { CREATE_TABLE, WITHOUT_EFFECT } from './table-properties';
import { Transactions } from './transactions';
import { Turns } from './turns';

/** Headers of one hop, which a proxy makes anew. */
const HOP_HEADERS = ['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding', 'expect'];

/** A table asks for something that the local DynamoDB cannot do. */
export class UnsupportedTableError extends Error {
  override readonly name = 'UnsupportedTableError';

  constructor(properties: readonly string[]) {
    super(
      `AWS::DynamoDB::Table: expected ${[...CREATE_TABLE, ...WITHOUT_EFFECT].join(', ')}, got ${properties.join(', ')}`,
    );
  }
}

interface Dynalite {
  readonly server: Server;
  readonly port: number;
}

/**
 * DynamoDB by dynalite, in memory, started by the first table or request. Transactions are made here; without streams, PartiQL and
 * expiry. Other requests pass as they came.
 */
export class DynamoDbService implements AwsService {
  readonly #region: string;
  readonly #agent = new Agent({ keepAlive: true });
  /** Partition keys by table and, for indexes, `table/index`. */
  readonly #partitionKeys = new Map<string, string>();
  /** Names of the key's attributes by table. */
  readonly #keys = new Map<string, readonly string[]>();
  readonly #turns = new Turns();
  readonly #transactions = new Transactions({
    call: (operation, input) => this.#call(operation, input),
    keyNamesOf: (table) => this.#keys.get(table.split('/').pop() ?? table),
  });
  #started: Promise<Dynalite> | undefined;

  constructor({ region }: { readonly region: string }) {
    this.#region = region;
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const operation = request.headers['x-amz-target']?.split('.')[1];
    if (operation === 'TransactWriteItems' || operation === 'TransactGetItems') {
      const input: unknown = JSON.parse(request.body);
      const given = isJsonObject(input) ? input : {};
      return this.#turns.alone(() =>
        operation === 'TransactGetItems' ? this.#transactions.get(given) : this.#transactions.write(given),
      );
    }
    const { port } = await this.#start();
    return this.#turns.together(() =>
      this.#forward(port, request.method, request.path, request.headers, request.body),
    );
  }

  /**
   * Creates a table from the properties of `AWS::DynamoDB::Table`, which must name it. Throws UnsupportedTableError for
   * a property that would be missed, AwsError for one that DynamoDB refuses.
   */
  async createTable(properties: JsonObject): Promise<{ readonly name: string; readonly arn: string }> {
    const unsupported = Object.keys(properties).filter(
      (name) => !CREATE_TABLE.includes(name) && !WITHOUT_EFFECT.includes(name),
    );
    if (unsupported.length > 0) throw new UnsupportedTableError(unsupported);
    const input = Object.fromEntries(
      Object.entries(properties).filter(([name]) => CREATE_TABLE.includes(name)),
    );
    await this.#call('CreateTable', input);
    const name = String(properties['TableName']);
    this.#learnKeys(name, properties);
    return { name, arn: `arn:aws:dynamodb:${this.#region}:${LOCAL_ACCOUNT}:table/${name}` };
  }

  /** Attribute that is the partition key of a table that a template made, or of one of its indexes. */
  partitionKeyOf(table: string, index?: string): string | undefined {
    return this.#partitionKeys.get(index === undefined ? table : `${table}/${index}`);
  }

  #learnKeys(table: string, properties: JsonObject): void {
    const indexes = ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'].flatMap((name) => properties[name]);
    const holders = [properties, ...indexes.filter(isJsonObject)];
    for (const { IndexName: index, KeySchema: schema } of holders) {
      const keys = Array.isArray(schema) ? schema.filter(isJsonObject) : [];
      if (index === undefined) this.#keys.set(table, namesOf(keys));
      const partition = keys.find(({ KeyType }) => KeyType === 'HASH')?.['AttributeName'];
      const holder = index === undefined ? table : `${table}/${String(index)}`;
      if (partition !== undefined) this.#partitionKeys.set(holder, String(partition));
    }
  }

  /** Ends the server and forgets every table, once nothing is under way: dynalite throws at whoever closes it under a write. */
  stop(): Promise<void> {
    return this.#turns.alone(() => this.#close());
  }

  async #close(): Promise<void> {
    const started = this.#started;
    this.#started = undefined;
    this.#agent.destroy();
    if (!started) return;
    const { server } = await started;
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  }

  #start(): Promise<Dynalite> {
    this.#started ??= startDynalite(this.#region);
    return this.#started;
  }

  async #call(operation: string, input: object): Promise<JsonObject> {
    const { port } = await this.#start();
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20250101T000000Z',
      // dynalite looks for the parts of a signature without checking them.
      authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=local',
    };
    const response = await this.#forward(port, 'POST', '/', headers, JSON.stringify(input));
    const parsed: unknown = JSON.parse(response.body || '{}');
    const answer = isJsonObject(parsed) ? parsed : {};
    if (response.status === 200) return answer;
    const { __type, message } = answer;
    throw new AwsError(String(__type).replace(/^.*#/, ''), String(message), response.status);
  }

  #forward(
    port: number,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<AwsResponse> {
    return new Promise((resolve, reject) => {
      const forwarded: OutgoingHttpHeaders = withoutHopHeaders(headers);
      forwarded['content-length'] = Buffer.byteLength(body);
      const outgoing = httpRequest(
        { host: '127.0.0.1', port, method, path, headers: forwarded, agent: this.#agent },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.once('error', reject);
          incoming.once('end', () =>
            resolve({
              status: incoming.statusCode ?? 500,
              headers: withoutHopHeaders(incoming.headers),
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

function namesOf(schema: readonly JsonObject[]): readonly string[] {
  return schema.map(({ AttributeName }) => String(AttributeName));
}

async function startDynalite(region: string): Promise<Dynalite> {
  // Loaded only now: it takes a while, and most stacks have no table.
  const { default: dynalite } = await import('dynalite');
  const server = withEnvironment({ AWS_ACCOUNT_ID: LOCAL_ACCOUNT, AWS_REGION: region }, () =>
    dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** dynalite takes the account and region of its ARNs from the process environment, once, when it is made. */
function withEnvironment<T>(values: Readonly<Record<string, string>>, make: () => T): T {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return make();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function withoutHopHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_HEADERS.includes(name)) kept[name] = String(value);
  }
  return kept;
}
