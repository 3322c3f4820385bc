import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsOptions, type Target } from './target';

export interface ApiResponse {
  readonly status: number;
  readonly body: {
    readonly result?: { readonly [field: string]: unknown };
    readonly error?: { readonly code: number; readonly message: string };
  };
}

/** A backend that calls the server API by plain HTTP. */
export class ApiClient {
  readonly #target: Target;
  #key: Promise<string> | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The environment's key. */
  key(): Promise<string> {
    this.#key ??= readKey(this.#target);
    return this.#key;
  }

  /** A call as the documentation of Centrifugo shows it. */
  async call(method: string, body: unknown): Promise<ApiResponse> {
    return this.send(method, JSON.stringify(body), { 'x-api-key': await this.key() });
  }

  async send(method: string, body: string, headers: Record<string, string>): Promise<ApiResponse> {
    const url = `${this.#target.serverApiUrl}/${method}`;
    const response = await fetch(url, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as ApiResponse['body'] };
  }
}

async function readKey(target: Target): Promise<string> {
  const client = new SecretsManagerClient(awsOptions(target));
  try {
    const SecretId = `/holdfast/${target.environment}/api-key`;
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  } finally {
    client.destroy();
  }
}
