import { Oracle } from './oracle';

const CHANNEL = 'room:a';
const FRESH = { wasRecovering: false, recovered: false, asked: false };
const RECOVERED = { wasRecovering: true, recovered: true, asked: true };
const TOLD = { wasRecovering: true, recovered: false, asked: true };

/** An oracle of a channel whose log holds `p1` to `p9` in epoch `e`. */
function oracleOf(): Oracle {
  const oracle = new Oracle();
  for (let offset = 1; offset <= 9; offset++) oracle.appended(CHANNEL, 'e', offset, `p${offset}`);
  return oracle;
}

function see(oracle: Oracle, client: string, ...offsets: number[]): void {
  for (const offset of offsets) oracle.publication(client, CHANNEL, offset, `p${offset}`);
}

function promises(oracle: Oracle): readonly string[] {
  return oracle.violations.map(({ promise }) => promise);
}

describe('an innocent application', () => {
  it('sees publications in order after its position', () => {
    const oracle = oracleOf();
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 3, ...FRESH }, []);
    see(oracle, 'c', 4, 5, 6);
    oracle.end('c', CHANNEL, { epoch: 'e', offset: 6 });
    expect(oracle.violations).toEqual([]);
  });

  it('goes on where it recovered', () => {
    const oracle = oracleOf();
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 3, ...FRESH }, []);
    see(oracle, 'c', 4);
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 4, ...RECOVERED }, []);
    see(oracle, 'c', 5, 6);
    expect(oracle.violations).toEqual([]);
  });

  it('jumps where it was told that its position is lost', () => {
    const oracle = oracleOf();
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 3, ...FRESH }, []);
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 7, ...TOLD }, []);
    see(oracle, 'c', 8);
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 6, ...TOLD }, []);
    see(oracle, 'c', 7, 8);
    expect(oracle.violations).toEqual([]);
  });

  it('drops publications of a former epoch before a reply', () => {
    const oracle = oracleOf();
    oracle.appended(CHANNEL, 'f', 1, 'q1');
    oracle.subscribed('c', CHANNEL, { epoch: 'f', offset: 1, ...FRESH }, [{ offset: 9, data: 'p9' }]);
    expect(oracle.violations).toEqual([]);
  });

  it('may not know that nobody saw what a log lost', () => {
    const oracle = oracleOf();
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 8, ...FRESH }, []);
    oracle.appended(CHANNEL, 'e', 9, 'other');
    oracle.publication('c', CHANNEL, 9, 'other');
    expect(oracle.violations).toEqual([]);
  });
});

describe('the oracle finds guilty', () => {
  const cases: readonly [string, readonly string[], (oracle: Oracle) => void][] = [
    ['a gap', ['P2'], (oracle) => see(oracle, 'c', 4, 6)],
    ['a repeat', ['P2'], (oracle) => see(oracle, 'c', 4, 4)],
    ['a swap', ['P2', 'P2', 'P2'], (oracle) => see(oracle, 'c', 5, 4, 6)],
    ['another content', ['P2'], (oracle) => oracle.publication('c', CHANNEL, 4, 'p5')],
    [
      'two contents of one place',
      ['P2'],
      (oracle) => {
        see(oracle, 'c', 4);
        oracle.appended(CHANNEL, 'e', 4, 'other');
        oracle.subscribed('d', CHANNEL, { epoch: 'e', offset: 3, ...FRESH }, []);
        oracle.publication('d', CHANNEL, 4, 'other');
      },
    ],
    [
      'a log that grows on under its epoch after it was set back',
      ['P2'],
      (oracle) => {
        see(oracle, 'c', 4);
        oracle.appended(CHANNEL, 'e', 4, 'other');
        see(oracle, 'c', 5);
      },
    ],
    [
      'a recovery from a position that the client does not have',
      ['P5'],
      (oracle) => oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 5, ...RECOVERED }, []),
    ],
    [
      'a recovery in another epoch',
      ['P5'],
      (oracle) => oracle.subscribed('c', CHANNEL, { epoch: 'f', offset: 3, ...RECOVERED }, []),
    ],
    [
      'a loss that the reply hides',
      ['P2'],
      (oracle) => oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 5, ...FRESH, asked: true }, []),
    ],
    [
      'a publication before the reply of its subscription',
      ['P3'],
      (oracle) =>
        oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 5, ...TOLD }, [{ offset: 6, data: 'p6' }]),
    ],
    ['a publication without a subscription', ['P3'], (oracle) => see(oracle, 'd', 4)],
    [
      'a publication at two places',
      ['P4'],
      (oracle) => {
        oracle.appended(CHANNEL, 'e', 10, 'p4');
        oracle.checkPlaces();
      },
    ],
    ['an answer without an append', ['P1'], (oracle) => oracle.answered('p10')],
    ['an accepted publication that is nowhere', ['P1'], (oracle) => oracle.accepted('p10')],
    ['a client that stays behind', ['end'], (oracle) => oracle.end('c', CHANNEL, { epoch: 'e', offset: 9 })],
    ['a client in a former epoch', ['end'], (oracle) => oracle.end('c', CHANNEL, { epoch: 'f', offset: 3 })],
    ['a client without a position', ['end'], (oracle) => oracle.end('d', CHANNEL, { epoch: 'e', offset: 9 })],
    ['an end for good', ['end'], (oracle) => oracle.stuck('c', 'disconnected with 3500')],
  ];

  it.each(cases)('%s', (_name, broken, happen) => {
    const oracle = oracleOf();
    oracle.subscribed('c', CHANNEL, { epoch: 'e', offset: 3, ...FRESH }, []);
    happen(oracle);
    expect(promises(oracle)).toEqual(broken);
  });
});
