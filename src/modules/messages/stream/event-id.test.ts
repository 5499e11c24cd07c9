import { formatEventId, parseEventId } from './event-id.js';

describe('Last-Event-ID', () => {
  it.each([
    ['0-0', { attempt: 0, n: 0 }],
    ['3-52', { attempt: 3, n: 52 }],
  ])('%s is a place in a stream', (header, id) => {
    expect(parseEventId(header)).toEqual(id);
    expect(formatEventId(id)).toBe(header);
  });

  it.each([
    undefined,
    '',
    ' ',
    '1',
    '1-',
    '-1',
    '1-2-3',
    '1-x',
    '1.5-2',
    '-1-2',
    '1--2',
    ' 1-2',
    '1-2\n',
    '１-２',
    '1e3-1',
    '9'.repeat(40) + '-1',
    '1-' + '9'.repeat(16),
  ])('%p is the start', (header) => {
    expect(parseEventId(header)).toBeNull();
  });
});
