import { setTimeout as sleep } from 'node:timers/promises';
import {
  AnswerTimeoutError,
  AwsServiceError,
  BrokenConnectionError,
  CrowdedError,
  NotConnectedError,
} from '../../../../lambdas/gateway/core/adapters/aws/errors';
import { isThrottle, isTransient, withRetries } from '../../../../lambdas/gateway/core/adapters/aws/retries';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn(async () => undefined) }));
const sleeps = jest.mocked(sleep);

const PATIENCE = { attempts: 3, attemptMs: 1_000, totalMs: 3_000 };
const answer = (status: number, code = '') =>
  new AwsServiceError('Operation', { status, code, requestId: 'r' });

beforeEach(() => {
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('an error', () => {
  it.each([
    ['a server that failed', answer(500)],
    ['status 503', answer(503)],
    ['status 429', answer(429)],
    ['a throttle with status 400', answer(400, 'ThrottlingException')],
    ['no connection', new NotConnectedError('h', 'ECONNREFUSED')],
    ['a connection that broke', new BrokenConnectionError('h', 'ECONNRESET')],
    ['no answer in time', new AnswerTimeoutError('h', 1)],
  ])('may pass: %s', (_, error) => {
    expect(isTransient(error)).toBe(true);
  });

  it.each([
    ['a request that is wrong', answer(400, 'ValidationException')],
    ['a gone connection', answer(410)],
    ['a refusal', answer(403, 'AccessDeniedException')],
    ['too much at once', new CrowdedError('h', 1)],
    ['a mistake of ours', new TypeError('oh')],
  ])('will stay: %s', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });

  it('is a throttle by its status or by its name', () => {
    expect(
      [answer(429), answer(400, 'RequestThrottled'), answer(500), new Error('429')].map(isThrottle),
    ).toEqual([true, true, false, false]);
  });
});

describe('withRetries', () => {
  it('tries again until it succeeds', async () => {
    const failures = [answer(500), answer(429)];
    const times: number[] = [];
    const result = await withRetries(PATIENCE, async (milliseconds) => {
      times.push(milliseconds);
      const failure = failures.shift();
      if (failure) throw failure;
      return 'done';
    });
    expect(result).toBe('done');
    expect(times).toHaveLength(3);
    for (const milliseconds of times) expect(milliseconds).toBe(PATIENCE.attemptMs);
  });

  it('rejects as the last attempt did', async () => {
    let attempts = 0;
    await expect(
      withRetries(PATIENCE, async () => {
        throw answer(500 + ++attempts);
      }),
    ).rejects.toMatchObject({ status: 503 });
    expect(attempts).toBe(3);
  });

  it('does not repeat what will stay, nor what its caller does not want to be repeated', async () => {
    let attempts = 0;
    const failing = (error: Error) => async () => {
      attempts++;
      throw error;
    };
    await expect(withRetries(PATIENCE, failing(answer(400)))).rejects.toMatchObject({ status: 400 });
    await expect(withRetries(PATIENCE, failing(answer(500)), () => false)).rejects.toMatchObject({
      status: 500,
    });
    expect(attempts).toBe(2);
  });

  it('gives the last attempt only what is left, and begins none without time', async () => {
    let now = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const times: number[] = [];
    const attempt = async (milliseconds: number) => {
      times.push(milliseconds);
      now += milliseconds;
      throw answer(500);
    };
    await expect(withRetries({ attempts: 9, attemptMs: 400, totalMs: 1_000 }, attempt)).rejects.toThrow();
    expect(times).toEqual([400, 400, 200]);
  });

  it('pauses for a random time that grows, and for longer where it is throttled', async () => {
    jest.mocked(Math.random).mockReturnValue(0.5);
    const pausesAfter = async (error: Error) => {
      sleeps.mockClear();
      const failing = withRetries(PATIENCE, async () => {
        throw error;
      });
      await expect(failing).rejects.toBe(error);
      return sleeps.mock.calls.map(([milliseconds]) => milliseconds);
    };
    expect(await pausesAfter(answer(500))).toEqual([50, 100]);
    expect(await pausesAfter(answer(429))).toEqual([150, 300]);
  });
});
