import { titleFromMessage, toTitle } from './title-rules.js';

const KYOTO = 'Three days in Kyoto';

test.each([
  ['{"title":"Three days in Kyoto"}', KYOTO],
  [' {"title": "Three days in Kyoto", "language": "en"}\n', KYOTO],
  ['[{"title": "Three days in Kyoto"}]', KYOTO],
  ['```json\n{"title": "Three days in Kyoto"}\n```', KYOTO],
  ['Here is the JSON:\n```json\n{"title": "Three days in Kyoto"}\n```\nEnjoy!', KYOTO],
  ['```\nThree days in Kyoto\n```', KYOTO],
  ['~~~text\nThree days in Kyoto', KYOTO],
  ['<think>The user asks for a title.</think>{"title":"Three days in Kyoto"}', KYOTO],
  ['<think>\nA title?\n</think>\n\nThree days in Kyoto', KYOTO],
  ['The user asks.</think>Three days in Kyoto', KYOTO],
  ['Here is a title: Three days in Kyoto', KYOTO],
  ["Sure! Here's a short title for the conversation:\n\n**Three days in Kyoto**", KYOTO],
  ['Sure!\nThree days in Kyoto', KYOTO],
  ['{"title":"Here is a title: \\"Three days in Kyoto\\""}', KYOTO],
  ['{"title":"Title: Three days\\tin\\nKyoto"}', KYOTO],
  ['Three days in Kyoto', KYOTO],
  ['"Three days in Kyoto"', KYOTO],
  ['\n  "Three days in Kyoto."\n', KYOTO],
  ['**Title: Three days\tin Kyoto**\n\nIt is about…', KYOTO],
  ['**Title:** Three days in Kyoto', KYOTO],
  ['# 京都の三日間。', '京都の三日間'],
  ['标题：京都三日', '京都三日'],
  ['« Trois jours à Kyoto »', 'Trois jours à Kyoto'],
  ['{"title":"\\u202eotoyK\\u202c in\\u0000 \\u200bthree\\u2066 days\\u2069\\ufeff"}', 'otoyK in three days'],
  ['{"title":"می\\u200cخواهم 👩\\u200d💻"}', 'می\u200cخواهم 👩\u200d💻'],
  ['\u200dKyoto\u200c', 'Kyoto'],
  ['{"title":"🎉"}', '🎉'],
  ['{"title":"C++ vs. C#"}', 'C++ vs. C#'],
  ['{"title":"Sorry state of Kyoto"}', 'Sorry state of Kyoto'],
  ['{"title":"I can\'t log in"}', "I can't log in"],
  ['{"title":"This Is Spinal Tap: a review"}', 'This Is Spinal Tap: a review'],
  ['{"title":"The best title fonts: a guide"}', 'The best title fonts: a guide'],
  ['{"title":"Vec<T> in Rust"}', 'Vec<T> in Rust'],
  ['{"title":"<title>Kyoto</title>"}', 'Kyoto'],
  ['{"title":"2. Weltkrieg"}', '2. Weltkrieg'],
  ['{"title":"\\"Kyoto\\" and \\"Nara\\""}', '"Kyoto" and "Nara"'],
])('the answer %j is the title %j', (answer, title) => {
  expect(toTitle(answer, true)).toBe(title);
});

test.each([
  '',
  ' \n""\n',
  '{}',
  '{"name":"Kyoto"}',
  '{"title":null}',
  '{"title":["Kyoto"]}',
  '{"title":""}',
  '{"title":"…"}',
  '{"title":"\u200b\u202e"}',
  '{"title":"Three days in Ky',
  '{"title":"{\\"title\\":\\"Kyoto\\"}"}',
  '{title: Kyoto}',
  '<think>The user asks for a title',
  '{"title":"<think>Kyoto"}',
  '<title>Kyoto',
  '<|channel|>final Kyoto',
  '```\n```',
  'Here is a title:',
  "I'm sorry, but I can't help with that.",
  'I cannot name this conversation.',
  'Untitled',
  'null',
  'word '.repeat(60),
])('the answer %j is no title', (answer) => {
  expect(toTitle(answer, true)).toBeNull();
});

test('plain text of a model that was stopped is no title, as it may end within a word', () => {
  expect(toTitle('Three days in Ky', false)).toBeNull();
  expect(toTitle('{"title":"Three days in Kyoto"}', false)).toBe(KYOTO);
});

test.each([
  ['word '.repeat(30), `${'word '.repeat(15)}word…`],
  ['京都'.repeat(60), `${'京都'.repeat(39)}…`],
  ['👩‍💻'.repeat(40), `${'👩‍💻'.repeat(15)}…`],
  [`Kyoto ${'x'.repeat(150)}`, `Kyoto ${'x'.repeat(73)}…`],
])('%j is cut at a word or, in a word that is too long, between whole characters', (answer, title) => {
  expect(toTitle(answer, true)).toBe(title);
});

test.each([
  ['What is there to see in Kyoto?', 'What is there to see in Kyoto?'],
  ['  # Plans\n\n- see *Kyoto*\n- and Nara', 'Plans see *Kyoto* and Nara'],
  ['```js\nconst a = 1;\n```\nWhy?', 'const a = 1; Why?'],
  ['\u202eabc\u0007\r\ndef', 'abc def'],
  ['word '.repeat(40), `${'word '.repeat(15)}word…`],
  ['"Ada": {"age": 3}', '"Ada": {"age": 3}'],
  ['🙂', '🙂'],
  ['```\n```', null],
  ['\u200b', null],
  ['...', null],
])('the message %j begins with %j', (content, title) => {
  expect(titleFromMessage(content)).toBe(title);
});
