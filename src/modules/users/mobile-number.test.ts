import { isServedNumber, parseMobileNumber } from './mobile-number.js';

describe('parseMobileNumber', () => {
  it.each([
    ['+91 98765 43210', undefined, '+919876543210'],
    ['+1 (415) 555-0123', undefined, '+14155550123'],
    ['098765 43210', 'IN', '+919876543210'],
    ['+14155550123', 'IN', '+14155550123'],
  ])('reads %j with the region %s', (text, region, number) => {
    expect(parseMobileNumber(text, region)).toBe(number);
  });

  it.each([['98765 43210'], ['+91'], ['+9198765432101234567'], ['+14155550123 ext. 5'], ['call +14155550123'], ['']])(
    'refuses %j without a region',
    (text) => {
      expect(parseMobileNumber(text, undefined)).toBeNull();
    },
  );
});

describe('isServedNumber', () => {
  it('serves every country, or those that are listed', () => {
    expect(isServedNumber('+919876543210', [])).toBe(true);
    expect(isServedNumber('+919876543210', ['US', 'IN'])).toBe(true);
    expect(isServedNumber('+919876543210', ['US'])).toBe(false);
  });
});
