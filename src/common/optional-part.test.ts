import { OptionalPart } from './optional-part.js';

const part = () => new OptionalPart({ deadlineMs: 50, pauseMs: 100 });

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a call that succeeds gives its value, whatever it is', async () => {
  expect(await part().attempt(() => Promise.resolve(null))).toEqual({ value: null });
});

test('a call that never ends is given up at the deadline, and the next ones are not tried until the pause is over', async () => {
  const silent = part();
  const first = silent.attempt(() => new Promise(() => undefined));
  await jest.advanceTimersByTimeAsync(50);
  expect(await first).toBeNull();
  const call = jest.fn(() => Promise.resolve(1));
  expect(await silent.attempt(call)).toBeNull();
  await jest.advanceTimersByTimeAsync(99);
  expect(await silent.attempt(call)).toBeNull();
  expect(call).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  expect(await silent.attempt(call)).toEqual({ value: 1 });
});

test('a call that fails is no error, and pauses too', async () => {
  const failing = part();
  expect(await failing.attempt(() => Promise.reject(new Error('away')))).toBeNull();
  expect(await failing.attempt(() => Promise.resolve(1))).toBeNull();
});
