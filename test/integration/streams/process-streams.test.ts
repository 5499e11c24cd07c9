import { DEFAULT_LOG_OPTIONS } from '../../../src/streams/event-logs.js';
import { openStreams } from '../../../src/streams/open-streams.js';
import { ProcessEventLogs } from '../../../src/streams/process-event-logs.js';
import { ProcessSignals, ProcessStreams } from '../../../src/streams/process-streams.js';
import { DEFAULT_STREAM_OPTIONS } from '../../../src/streams/stream-store.js';
import { itKeepsLogs } from './log-contract.js';
import { itKeepsTheContract, type Subject } from './stream-contract.js';

const subject: Subject = {
  open: (options) =>
    options
      ? Promise.resolve({
          store: new ProcessStreams({ ...DEFAULT_STREAM_OPTIONS, ...options }),
          signals: new ProcessSignals(),
          logs: new ProcessEventLogs({ ...DEFAULT_LOG_OPTIONS, ...options }),
          close: () => undefined,
        })
      : openStreams(undefined),
};

itKeepsTheContract(subject);
itKeepsLogs(subject);

it('is one for all applications of a process', async () => {
  expect(await openStreams(undefined)).toBe(await openStreams(undefined));
});
