import { milliseconds, parseScenario, planOf, scenariosIn } from './scenarios.js';

describe('the scenarios of a prompt', () => {
  test('are words in double brackets, with an argument and a number of attempts', () => {
    expect(scenariosIn('Hi [[rate-limit 2s x3]] and [[cut]] [[ error-503 x2 ]]')).toEqual([
      { word: 'rate-limit', argument: '2s', attempts: 3 },
      { word: 'cut', argument: null, attempts: Infinity },
      { word: 'error-503', argument: null, attempts: 2 },
    ]);
  });

  test.each(['[[wiki link]]', '[[toString]]', '[[cut now]]', '[[safety a b]]', '[cut]', 'cut', '[[]]', '[[cut\n', '[[finish a b x2]]'])(
    '%j is ordinary text',
    (text) => {
      expect(scenariosIn(text)).toEqual([]);
    },
  );

  test('the first one that is still active decides; manners add up', () => {
    const scenarios = scenariosIn('[[slow 10ms]] [[error-503 x1]] [[cut x2]] [[thinking]] [[long 50]] [[delay 1.5s]]');
    const manners = {
      delayMs: 1500,
      chunkMs: 10,
      tokens: 50,
      isHeld: false,
      thinking: true,
      thoughtTokens: null,
      thinkingBetween: false,
      pages: null,
      title: null,
    };
    expect(planOf(scenarios, 1)).toEqual({ ...manners, fault: parseScenario('error-503 x1') });
    expect(planOf(scenarios, 2)).toEqual({ ...manners, fault: parseScenario('cut x2') });
    expect(planOf(scenarios, 3)).toEqual({ ...manners, fault: null });
  });

  test.each([
    ['2s', 2000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['250', 250],
    ['soon', 7],
    [null, 7],
  ])('the time %j is %d ms', (text, expected) => {
    expect(milliseconds(text, 7)).toBe(expected);
  });
});
