import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { JsonObject } from '../contract/json';
import { type ServiceRequest, serviceSource } from '../contract/server-api';

/** The bus did not take a request. */
export class RequestNotTakenError extends Error {
  override readonly name = 'RequestNotTakenError';

  constructor(request: ServiceRequest, code: string) {
    super(`${request}: expected the bus to take it, got ${code}`);
  }
}

/** What a service asks the platform to do to connections, put on the bus. Accepted by the bus is accepted for good. */
export class Requests {
  readonly #client: () => EventBridgeClient;
  readonly #busName: string;
  readonly #source: string;

  /** `client` is called at the first request: most invocations ask for nothing. */
  constructor(client: () => EventBridgeClient, busName: string, service: string) {
    this.#client = client;
    this.#busName = busName;
    this.#source = serviceSource(service);
  }

  /** `detail` is the request of the server API. Throws `RequestNotTakenError` or what the client throws. */
  async put(request: ServiceRequest, detail: JsonObject): Promise<void> {
    const entry = {
      EventBusName: this.#busName,
      Source: this.#source,
      DetailType: request,
      Detail: JSON.stringify(detail),
    };
    // PutEvents answers with success also where it took nothing.
    const { Entries = [] } = await this.#client().send(new PutEventsCommand({ Entries: [entry] }));
    const code = Entries[0]?.ErrorCode;
    if (code !== undefined) throw new RequestNotTakenError(request, code);
  }
}
