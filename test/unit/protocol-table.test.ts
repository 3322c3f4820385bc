import { coveredBy, everything } from '../support/protocol-table/coverage';
import { COMMAND_ROWS } from '../support/protocol-table/rows/commands';
import { HANDSHAKE_ROWS } from '../support/protocol-table/rows/handshakes';
import { PUSH_ROWS } from '../support/protocol-table/rows/pushes';
import { REFUSAL_ROWS } from '../support/protocol-table/rows/refusals';
import { TIGHT_ROWS } from '../support/protocol-table/rows/tight';

/** What no client meets on its socket, and why. */
const NEVER_SENT: Readonly<Record<string, string>> = {
  'error 101':
    'answers calls of the server API without its key; clients without a good token are disconnected (3500)',
};

const rows = [...COMMAND_ROWS, ...PUSH_ROWS, ...REFUSAL_ROWS, ...HANDSHAKE_ROWS, ...TIGHT_ROWS];

describe('the table of the protocol', () => {
  it('has a row for every command, push and code, or a reason why not', () => {
    const covered = coveredBy(rows);
    expect(everything().filter((item) => !covered.has(item) && !(item in NEVER_SENT))).toEqual([]);
  });

  it('has no reason for what is sent, or for what is not of the protocol', () => {
    const covered = coveredBy(rows);
    const known = new Set(everything());
    expect(Object.keys(NEVER_SENT).filter((item) => covered.has(item) || !known.has(item))).toEqual([]);
  });
});
