import { canBeMobile, isServedNumber, parseMobileNumber, parseSpellings, spellingsOf } from './mobile-number.js';

describe('parseMobileNumber', () => {
  it.each([
    ['+91 98765 43210', undefined, '+919876543210'],
    ['+1 (415) 555-0123', undefined, '+14155550123'],
    ['098765 43210', 'IN', '+919876543210'],
    ['+14155550123', 'IN', '+14155550123'],
    ['\u202a+91\u00a098765\u2011432\u200b10\u202c', undefined, '+919876543210'],
    ['(+91) [98765] 43210', undefined, '+919876543210'],
    ['tel:+91-98765-43210', undefined, '+919876543210'],
    ['TEL: +91.98765.43210', undefined, '+919876543210'],
    ['＋９１（９８７６５）４３２１０', undefined, '+919876543210'],
    ['+९१ ९८७६५ ४३२१०', undefined, '+919876543210'],
    ['٠٩٨٧٦٥٤٣٢١٠', 'IN', '+919876543210'],
    ['+44 (0)7911 123456', undefined, '+447911123456'],
  ])('reads %j with the region %s', (text, region, number) => {
    expect(parseMobileNumber(text, region)).toBe(number);
  });

  it.each([
    [['+54 9 11 2345-6789', '+54 11 2345-6789', '+54 11 15 2345-6789'], '+5491123456789'],
    [['+55 11 98765-4321', '+55 11 8765-4321', '+55 (11) 9 8765-4321'], '+5511987654321'],
    [['+55 11 99765-4321', '+55 11 9765-4321'], '+5511997654321'],
    [['+52 1 55 1234 5678', '+52 55 1234 5678', '+52 044 55 1234 5678', '+52 01 55 1234 5678'], '+525512345678'],
  ])('reads %j as one number', (spellings, number) => {
    expect(spellings.map((text) => parseMobileNumber(text, undefined))).toEqual(spellings.map(() => number));
  });

  it.each([['+551133334444'], ['+5491123456789'], ['+5591923456789'], ['+548001234567']])('leaves %s as it is', (number) => {
    expect(parseMobileNumber(number, undefined)).toBe(number);
  });

  it.each([
    ['98765 43210'],
    ['+91'],
    ['+9198765432101234567'],
    ['+14155550123 ext. 5'],
    ['call +14155550123'],
    ['+1 415 555 0123 +1 415 555 0124'],
    [''],
  ])('refuses %j without a region', (text) => {
    expect(parseMobileNumber(text, undefined)).toBeNull();
  });
});

describe('spellings', () => {
  it('are the canonical form and the other one', () => {
    expect(spellingsOf('+541123456789')).toEqual(['+5491123456789', '+541123456789']);
    expect(spellingsOf('+5511987654321')).toEqual(['+5511987654321', '+551187654321']);
    expect(spellingsOf('+5215512345678')).toEqual(['+525512345678', '+5215512345678']);
    expect(spellingsOf('+919876543210')).toEqual(['+919876543210']);
  });

  it('begin with the one that was typed', () => {
    expect(parseSpellings('+55 11 8765-4321', undefined)).toEqual(['+551187654321', '+5511987654321']);
    expect(parseSpellings('+52 044 55 1234 5678', undefined)).toEqual(['+525512345678', '+5215512345678']);
    expect(parseSpellings('no number', undefined)).toEqual([]);
  });
});

describe('isServedNumber', () => {
  it('serves every country, or those that are listed', () => {
    expect(isServedNumber('+919876543210', [])).toBe(true);
    expect(isServedNumber('+919876543210', ['US', 'IN'])).toBe(true);
    expect(isServedNumber('+919876543210', ['US'])).toBe(false);
  });
});

describe('canBeMobile', () => {
  it.each([['+919876543210'], ['+14155550123'], ['+5491123456789'], ['+525512345678'], ['+447911123456']])('%s can', (number) => {
    expect(canBeMobile(number)).toBe(true);
  });

  it.each([
    ['a fixed line', '+442071838750'],
    ['premium rate', '+19002345678'],
    ['international premium rate', '+979123456789'],
    ['shared cost', '+448451234567'],
    ['toll-free', '+18005550123'],
    ['a personal number', '+447012345678'],
    ['a personal number of the NANP', '+15002345678'],
    ['a pager', '+447640123456'],
    ['VoIP', '+33950123456'],
    ['an international network', '+883510000000000'],
    ['a satellite phone of Iridium', '+881612345678'],
    ['a satellite phone of Thuraya', '+8821612345678'],
    ['a satellite phone of Inmarsat', '+870773111632'],
    ['no number of its country', '+15551234567'],
  ])('%s cannot', (_, number) => {
    expect(canBeMobile(number)).toBe(false);
  });
});
