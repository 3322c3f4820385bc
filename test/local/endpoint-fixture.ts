import { AwsEndpoint } from '../../local/aws/endpoint';
import { SqsService } from '../../local/aws/sqs/service';
import { Identities } from '../../local/identity';
import type { AwsService, Principal } from '../../local/ports';
import { signedHeaders } from './signed-headers';

export const REGION = 'us-east-1';

/** An endpoint on a free port, and what an SDK client needs to talk to it. */
export class EndpointFixture {
  readonly identities = new Identities();
  readonly failures: unknown[] = [];
  readonly endpoint: AwsEndpoint;
  url = '';

  constructor(services: Readonly<Record<string, AwsService>>) {
    this.endpoint = new AwsEndpoint({
      identities: this.identities,
      services,
      onFailure: (_, error) => this.failures.push(error),
    });
  }

  async start(): Promise<void> {
    this.url = `http://127.0.0.1:${await this.endpoint.listen(0)}`;
  }

  /** Options of an SDK client that calls as `principal`; the root by default. */
  client(principal: Principal = this.identities.root()) {
    const { accessKeyId, secretAccessKey, sessionToken } = principal;
    return {
      region: REGION,
      endpoint: this.url,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    };
  }

  /** Posts a body that `principal` signs. */
  async post(principal: Principal, service: string, body: string, headers: Record<string, string> = {}) {
    const { host } = new URL(this.url);
    const signed = signedHeaders(principal, service, REGION, {
      method: 'POST',
      path: '/',
      headers: { ...headers, host },
      body,
    });
    const response = await fetch(this.url, { method: 'POST', headers: signed, body });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  close(): Promise<void> {
    return this.endpoint.close();
  }
}

/** A clock that a test moves by hand. */
export class ManualClock {
  now = 1_700_000_000_000;

  advance(milliseconds: number): void {
    this.now += milliseconds;
  }
}

/** SQS behind an endpoint, with the real clock unless one is given. */
export class SqsFixture {
  readonly sqs: SqsService;
  readonly fixture: EndpointFixture;

  constructor(clock?: ManualClock) {
    this.sqs = new SqsService({
      region: REGION,
      baseUrl: () => this.fixture.url,
      ...(clock ? { now: () => clock.now } : {}),
    });
    this.fixture = new EndpointFixture({ sqs: this.sqs });
  }
}
