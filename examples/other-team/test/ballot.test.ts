import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { TestService } from '@holdfast/service-sdk/testing';
import { ballotService } from '../src/ballot-service';
import type { Ballot } from '../src/ballots';

const id = randomUUID();
const tea: Ballot = { question: 'Tea?', options: ['yes', 'no'], counts: [2, 1], votes: 3 };
const service = () => new TestService(ballotService({ find: async (of) => (of === id ? tea : undefined) }));

describe('ballot', () => {
  it('opens under the id of the call, once', async () => {
    const tested = service();
    const { event, replies, writes } = await tested.rpc('open', { question: 'Tea?', options: ['yes', 'no'] });
    const [reply] = replies;
    const { ballot } = Object(Object(reply)['rpc'].data);
    const Item = { pk: `ballot#${ballot}`, sk: 'ballot', ...tea, counts: [0, 0], votes: 0 };
    assert.deepEqual(writes, [{ Put: { Item } }]);
    assert.deepEqual((await tested.invoke(event)).writes, []);
  });

  it('publishes the counts after a vote, by their number', async () => {
    const { replies, publications, writes } = await service().rpc('vote', { ballot: id, option: 1 });
    assert.equal(writes.length, 2);
    assert.deepEqual(replies, [], 'the courier answers');
    const [publication] = publications;
    assert.equal(publication?.channel, `ballot:${id}`);
    assert.deepEqual(publication?.data, { counts: [2, 1], votes: 3 });
    assert.equal(publication?.version, 3);
  });

  it('answers the result', async () => {
    const { replies } = await service().rpc('result', { ballot: id });
    assert.deepEqual(replies, [{ id: 1, rpc: { data: tea } }]);
  });

  const refusals = [
    ['one option', 'open', { question: 'Tea?', options: ['yes'] }, 'alice', 107],
    ['no id of a ballot', 'vote', { ballot: 'x', option: 0 }, 'alice', 107],
    ['an unknown ballot', 'result', { ballot: randomUUID() }, 'alice', 404],
    ['who is nobody', 'vote', { ballot: id, option: 0 }, '', 103],
  ] as const;
  for (const [what, method, data, user, code] of refusals) {
    it(`refuses ${what} with error ${code}`, async () => {
      const { replies, publications } = await service().rpc(method, data as never, { user });
      assert.equal(Object(replies[0])['error']?.code, code);
      assert.deepEqual(publications, []);
    });
  }
});
