import type { Interpreter } from '../lambda/interpreters';
import type { LocalState } from './state-file';

/** What a person reads when the stack is ready. */
export function readyReport(
  state: LocalState,
  facts: {
    readonly redis: string;
    readonly seconds: number;
    readonly directory: string;
    readonly timeScale: number;
    readonly interpreters: readonly Interpreter[];
  },
): string {
  const rows: readonly (readonly [string, string])[] = [
    ['WebSocket', state.websocketUrl],
    ['@connections', `${state.callbackUrl}/@connections/{id}`],
    ['Server API', `${state.serverApiUrl}/{method}`],
    ['Web page', state.webUrl],
    ['AWS endpoint', `${state.awsEndpointUrl}  (events, sqs, ssm, secretsmanager, dynamodb, lambda, sts)`],
    ['Redis', facts.redis],
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
