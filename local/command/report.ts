import type { Interpreter } from '../lambda/interpreters';
import type { LocalState } from './state-file';

/** What is said of a stack beside its state. */
export interface ReadyFacts {
  /** `redis 7.0.15` */
  readonly redis: string;
  readonly seconds: number;
  /** Where `local.json` is, from the working directory. */
  readonly directory: string;
  readonly timeScale: number;
  /** What functions run on. */
  readonly interpreters: readonly Interpreter[];
}

/** What a person reads when the stack is ready. */
export function readyReport(state: LocalState, facts: ReadyFacts): string {
  const rows: readonly (readonly [string, string])[] = [
    ['WebSocket', state.websocketUrl],
    ['@connections', `${state.callbackUrl}/@connections/{id}`],
    ['Server API', `${state.serverApiUrl}/{method}`],
    ['Web page', state.webUrl],
    ['AWS endpoint', `${state.awsEndpointUrl}  (events, sqs, ssm, secretsmanager, dynamodb, lambda, sts)`],
    ['Redis', `${state.redisUrl}  (${facts.redis}, cluster mode; functions use TLS)`],
    ['Functions', `one process per sandbox; ${facts.interpreters.map(interpreter).join('; ')}`],
    ...time(facts.timeScale),
    ['All of this', `${facts.directory}/local.json`],
  ];
  const table = rows.map(([name, value]) => `  ${name.padEnd(13)} ${value}`).join('\n');
  const dir = facts.directory === '.holdfast' ? '' : ` --dir ${facts.directory}`;
  return `
Holdfast is ready after ${facts.seconds.toFixed(1)} s.

${table}

Try it, in another terminal:

  TOKEN=$(npm run -s token -- --user alice${dir})
  npx wscat -c "${state.websocketUrl}?token=$TOKEN"
  > {"id":1,"rpc":{"method":"echo.say","data":{"text":"hi"}}}
  > {"id":2,"rpc":{"method":"chat.createRoom","data":{"name":"Tea"}}}

or open ${state.webUrl} and let two users talk. Ctrl-C ends everything.
`;
}

function interpreter({ runtime, version, exact }: Interpreter): string {
  return `${runtime} on ${version}${exact ? '' : ', since its own is not here'}`;
}

/** Said only where it is unusual. */
function time(scale: number): readonly (readonly [string, string])[] {
  return scale === 1
    ? []
    : [['Time', `${scale} times as fast for schedules and for WebSocket idle and life`]];
}
