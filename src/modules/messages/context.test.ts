import { toTurns } from './context.js';
import type { PathMessage } from './replies.repository.js';

const user = (content: string): PathMessage => ({ role: 'user', status: 'completed', content });
const model = (content: string, status: PathMessage['status'] = 'completed'): PathMessage => ({ role: 'model', status, content });

test('a conversation is given as it went', () => {
  expect(toTurns([user('a'), model('b'), user('c')])).toEqual([
    { role: 'user', text: 'a' },
    { role: 'model', text: 'b' },
    { role: 'user', text: 'c' },
  ]);
});

test('a cancelled reply is given as far as it came', () => {
  expect(toTurns([user('a'), model('half', 'cancelled'), user('c')]).map(({ text }) => text)).toEqual(['a', 'half', 'c']);
});

test('a reply without text, or a failed one, leaves its question', () => {
  expect(toTurns([user('a'), model('', 'cancelled'), user('b'), model('x', 'failed'), user('c')]).map(({ text }) => text)).toEqual([
    'a',
    'b',
    'c',
  ]);
});

test('a blocked reply takes its question with it', () => {
  expect(toTurns([user('a'), model('b'), user('bad'), model('', 'blocked'), user('c')]).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
});

test('a history that was cut before an answer begins with the next question', () => {
  expect(toTurns([model('b'), user('c')])).toEqual([{ role: 'user', text: 'c' }]);
});
