import { ApiDrafts } from './api-drafts';
import { DynamoDbService } from './aws/dynamodb/service';
import { AwsEndpoint } from './aws/endpoint';
import { EventBridgeService } from './aws/events';
import { SchedulerService } from './aws/scheduler/service';
import { SecretsManagerService } from './aws/secrets-manager/service';
import { SqsService } from './aws/sqs/service';
import { SsmService } from './aws/ssm/service';
import { StsService } from './aws/sts/service';
import type { PortBlock } from './command/port-block';
import { Faults } from './faults/faults';
import { AccountThrottle } from './gateway/throttle';
import { WebSocketGateway } from './gateway/websocket-gateway';
import { HttpApiServer } from './http-api/http-api-server';
import { LOOPBACK } from './http-server';
import { AccessControl, type Denial } from './iam/access-control';
import { ApiGuard } from './iam/api-guard';
import { GuardedInvoker, GuardedRouter } from './iam/guards';
import { LogAccess } from './iam/log-access';
import { requestNeeds } from './iam/needs';
import { RequestGuard } from './iam/request-guard';
import { Identities } from './identity';
import { LambdaApi } from './lambda/api';
import { LambdaHost } from './lambda/host';
import type { LambdaHostOptions } from './lambda/host-options';
import type { QueuePoller } from './lambda/queue-poller';
import { type DeliverOptions, type Invoker, LOCAL_ACCOUNT, type RuntimeLog } from './ports';
import type { RunningRedis } from './redis/cluster';
import type { RedisBinary } from './redis/server-binary';
import { ArnRouter } from './router';
import { ScheduleClock } from './schedules/schedule-clock';
import { Timetable } from './schedules/timetable';

export interface LocalCloudOptions {
  readonly region: string;
  readonly ports: PortBlock;
  readonly log: RuntimeLog;
  /** Found while the templates are still being made. */
  readonly redisBinary: Promise<RedisBinary>;
  /** Folder of the Redis server's files. */
  readonly redisDirectory: string;
  /** How many times faster than the wall clock schedules and the limits of WebSocket connections go. @default 1 */
  readonly timeScale?: number;
  /** Of the Lambda host. @default as an AWS account, without reports */
  readonly lambda?: Pick<LambdaHostOptions, 'concurrency' | 'reports'>;
  /** What goes wrong on request. @default nothing, until `faults` is told */
  readonly faults?: Faults;
  /** Hears of every call that a policy refused. */
  readonly onDenied?: (denial: Denial) => void;
}

export interface CacheUser {
  readonly name: string;
  readonly password: string;
  readonly accessString: string;
}

/** Every service of the local runtime, wired to each other; resource providers fill it. */
export class LocalCloud {
  readonly account = LOCAL_ACCOUNT;
  readonly region: string;
  readonly log: RuntimeLog;
  readonly identities = new Identities();
  readonly faults: Faults;
  /** Roles and policies of the templates. */
  readonly access: AccessControl;
  /** Invokes for services that need a permission of the function. */
  readonly permitted: Invoker;
  readonly lambda: LambdaHost;
  readonly sqs: SqsService;
  readonly ssm: SsmService;
  readonly secrets: SecretsManagerService;
  readonly events: EventBridgeService;
  readonly scheduler: SchedulerService;
  readonly dynamodb: DynamoDbService;
  readonly apis: ApiDrafts;
  readonly redisBinary: Promise<RedisBinary>;
  readonly redisDirectory: string;
  redis: RunningRedis | undefined;
  readonly cacheUsers = new Map<string, CacheUser>();
  readonly cacheUserGroups = new Map<string, readonly string[]>();
  readonly pollers: QueuePoller[] = [];
  /** Secrets that rotate for the first time once every stack is made. */
  readonly rotations: string[] = [];

  readonly #warned = new Set<string>();
  readonly #ports: PortBlock;
  readonly #websocket: WebSocketGateway;
  readonly #http: HttpApiServer;
  readonly #endpoint: AwsEndpoint;

  constructor(options: LocalCloudOptions) {
    const { region, ports, log, redisBinary, redisDirectory, timeScale = 1 } = options;
    this.region = region;
    this.log = log;
    this.#ports = ports;
    this.redisBinary = redisBinary;
    this.redisDirectory = redisDirectory;
    this.faults = options.faults ?? new Faults();
    const { faults } = this;
    const access = new AccessControl({
      account: this.account,
      region,
      onDenied: (denial) => {
        options.onDenied?.(denial);
        this.#warnOnce('iam', denial.message);
      },
    });
    this.access = access;
    const targets = new ArnRouter({
      invoker: { invoke: (arn, payload, type) => this.lambda.invoke(arn, payload, type) },
      sendToQueue: (arn, body, deliverOptions) => this.#sendToQueue(arn, body, deliverOptions),
      events: { putEvents: (entries) => this.events.putEvents(entries) },
      apiDestinations: {
        invoke: (arn, payload, http) => this.events.apiDestinations.invoke(arn, payload, http),
      },
    });
    const router = new GuardedRouter(targets, access);
    this.lambda = new LambdaHost({
      ...options.lambda,
      log,
      region,
      targets: router,
      environment: () => this.#functionEnvironment(),
      logAccess: new LogAccess(access),
      faults,
    });
    this.permitted = new GuardedInvoker(this.lambda, access);
    this.sqs = new SqsService({ region, baseUrl: () => this.awsEndpointUrl });
    this.ssm = new SsmService({ region });
    const timetable = new Timetable(new ScheduleClock(timeScale));
    this.secrets = new SecretsManagerService({ region, log, timetable });
    this.events = new EventBridgeService({ region, router, log, timetable, faults, secrets: this.secrets });
    this.scheduler = new SchedulerService({ region, router, log, timetable });
    this.dynamodb = new DynamoDbService({ region });
    this.apis = new ApiDrafts(region, { websocket: ports.websocket, http: ports.serverApi });
    const throttle = new AccountThrottle();
    const apiGuard = new ApiGuard({ identities: this.identities, access, region });
    this.#websocket = new WebSocketGateway({
      invoker: this.permitted,
      log,
      region,
      timeScale,
      management: apiGuard,
      throttle,
      faults,
    });
    this.#http = new HttpApiServer({
      invoker: this.permitted,
      log,
      region,
      access: apiGuard,
      throttle,
    });
    this.#endpoint = new AwsEndpoint({
      identities: this.identities,
      services: {
        events: this.events,
        sqs: this.sqs,
        ssm: this.ssm,
        secretsmanager: this.secrets,
        dynamodb: this.dynamodb,
        lambda: new LambdaApi(this.lambda),
        sts: new StsService(),
      },
      access: {
        guard: new RequestGuard(access),
        needsOf: requestNeeds(
          { account: this.account, region },
          {
            findSecret: (secretId) => this.secrets.find(secretId),
            partitionKeyOf: (table, index) => this.dynamodb.partitionKeyOf(table, index),
          },
        ),
      },
      onFailure: (service, error) =>
        log.warn(service, error instanceof Error ? error.message : String(error)),
    });
  }

  get awsEndpointUrl(): string {
    return `http://localhost:${this.#ports.aws}`;
  }

  /** ARN of something of this account and region. */
  arn(service: string, resource: string): string {
    return `arn:aws:${service}:${this.region}:${this.account}:${resource}`;
  }

  /** Tells once that a property of a template has no effect here, as nobody here knows it. */
  warnOfProperty(type: string, property: string): void {
    this.#warnOnce('resources', `${type} ${property}: not known here, it has no effect`);
  }

  /** Takes the ports. Rejects where one was taken meanwhile. */
  async listen(): Promise<void> {
    await this.#endpoint.listen(this.#ports.aws);
    await this.#websocket.listen(this.#ports.websocket, LOOPBACK);
    await this.#http.listen(this.#ports.serverApi, LOOPBACK);
  }

  /** Puts the resources to work, once all are made: APIs, queue readers, first rotations, then schedules. */
  async begin(): Promise<void> {
    this.apis.publish(this.#websocket, this.#http);
    for (const poller of this.pollers) poller.start();
    await Promise.all(this.rotations.map((secretId) => this.secrets.rotate(secretId)));
    this.events.startSchedules();
    this.secrets.startSchedules();
    this.scheduler.start();
  }

  /** Ends sockets as a lost network does. @returns how many */
  cutConnections(chosen: () => boolean): number {
    return this.#websocket.cut(chosen);
  }

  /** Ends everything: sockets first, so that functions still hear of them, then functions, then Redis. */
  async close(): Promise<void> {
    await this.#websocket.close();
    await Promise.all([this.#http.close(), ...this.pollers.map((poller) => poller.close())]);
    this.secrets.close();
    await Promise.all([this.events.close(), this.scheduler.close()]);
    await this.lambda.close();
    this.sqs.close();
    await Promise.all([this.#endpoint.close(), this.dynamodb.stop(), this.redis?.stop()]);
  }

  /** A developer should see why a call was refused, but not a thousand times. */
  #warnOnce(source: string, message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.log.warn(source, message);
  }

  #functionEnvironment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.awsEndpointUrl,
      // Functions run on the Node that runs this; what the SDK says of its age concerns no function on AWS.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...(this.redis ? { NODE_EXTRA_CA_CERTS: this.redis.caFile } : {}),
    };
  }

  #sendToQueue(arn: string, body: string, { messageGroupId, attributes = {} }: DeliverOptions): void {
    const messageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { dataType: 'String', stringValue: value }]),
    );
    this.sqs.send(arn, body, { groupId: messageGroupId, messageAttributes }, this.identities.root());
  }
}
