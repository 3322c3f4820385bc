import { join } from 'node:path';
import { DEFAULT_RULES, RealtimeService } from '@holdfast/constructs';
import { App, Stack } from 'aws-cdk-lib';

const app = new App();
/** Environment of the platform: `cdk deploy -c env=prod`. The local runtime says `local`. */
const environment: string = app.node.tryGetContext('env') ?? 'dev';

const stack = new Stack(app, `${environment}-ballot`, { description: 'Ballots, live' });

new RealtimeService(stack, 'Ballot', {
  config: { environment, removal: environment === 'prod' ? 'retain' : 'destroy' },
  serviceName: 'ballot',
  entry: join(__dirname, '..', 'src', 'handler.ts'),
  methods: ['open', 'vote', 'result'],
  namespaces: {
    // Who is connected may watch; only the service publishes.
    ballot: { ...DEFAULT_RULES, historySize: 10, recover: true },
  },
  table: true,
});
