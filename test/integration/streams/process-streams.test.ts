import { openStreams } from '../../../src/streams/open-streams.js';
import { ProcessSignals, ProcessStreams } from '../../../src/streams/process-streams.js';
import { DEFAULT_STREAM_OPTIONS } from '../../../src/streams/stream-store.js';
import { itKeepsTheContract } from './stream-contract.js';

itKeepsTheContract({
  open: (options) =>
    options
      ? Promise.resolve({
          store: new ProcessStreams({ ...DEFAULT_STREAM_OPTIONS, ...options }),
          signals: new ProcessSignals(),
          close: () => undefined,
        })
      : openStreams(undefined),
});

it('is one for all applications of a process', async () => {
  expect(await openStreams(undefined)).toBe(await openStreams(undefined));
});
