import { GetParametersCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { KeySetStore } from './key-sets';

/** Key sets in SSM, each in a parameter `<path>/<id>`. The configuration allows fewer than the ten that one call reads. */
export class ParameterStore implements KeySetStore {
  readonly #client: SSMClient;
  readonly #path: string;

  constructor(client: SSMClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  async read(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { Parameters = [] } = await this.#client.send(
      new GetParametersCommand({ Names: ids.map((id) => `${this.#path}/${id}`) }),
    );
    return new Map(
      Parameters.map(({ Name = '', Value = '' }) => [Name.slice(Name.lastIndexOf('/') + 1), Value]),
    );
  }

  async write(id: string, json: string): Promise<void> {
    await this.#client.send(
      new PutParameterCommand({
        Name: `${this.#path}/${id}`,
        Value: json,
        Type: 'String',
        Overwrite: true,
        // Most sets fit into the free 4 KB; those that do not cost some cents a month.
        Tier: 'Intelligent-Tiering',
      }),
    );
  }
}
