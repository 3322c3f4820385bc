import { Clients } from '../support/clients';
import { Driver } from '../support/protocol-table/drive';
import { COMMAND_ROWS } from '../support/protocol-table/rows/commands';
import { HANDSHAKE_ROWS } from '../support/protocol-table/rows/handshakes';
import { PUSH_ROWS } from '../support/protocol-table/rows/pushes';
import { REFUSAL_ROWS } from '../support/protocol-table/rows/refusals';
import { byName } from '../support/protocol-table/stage';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
const driver = new Driver({ target, clients });
afterEach(() => clients.close());

// What needs another configuration is driven by test/stack/protocol-table.test.ts; test/unit/protocol-table.test.ts has it that
// nothing of the protocol is left out.
describe.each([
  ['commands', COMMAND_ROWS],
  ['pushes', PUSH_ROWS],
  ['refusals', REFUSAL_ROWS],
  ['handshakes', HANDSHAKE_ROWS],
])('%s', (_, rows) => {
  it.each(byName(rows))('%s', async (_name, row) => driver.run(row), 30_000);
});
