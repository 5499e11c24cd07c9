import { parseForm } from './form-encoding.js';

describe('parseForm', () => {
  test.each([
    ['', {}],
    ['a=1&b=x%20y+z', { a: '1', b: 'x y z' }],
    ['items[0][price]=p&items[0][quantity]=2&items[1][price]=q', { items: [{ price: 'p', quantity: '2' }, { price: 'q' }] }],
    ['expand[]=a&expand[]=b', { expand: ['a', 'b'] }],
    ['types[1]=b&types[0]=a', { types: ['a', 'b'] }],
    ['metadata[user_id]=7&metadata[plan]=', { metadata: { user_id: '7', plan: '' } }],
    ['expand%5B0%5D=customer', { expand: ['customer'] }],
    ['a=1&a=2', { a: '2' }],
  ])('%s', (text, expected) => {
    expect(parseForm(text)).toEqual(expected);
  });

  test('a name that reaches for the prototype is an own key', () => {
    const form = parseForm('metadata[__proto__]=x');
    expect(Object.getOwnPropertyNames(form['metadata'])).toEqual(['__proto__']);
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  test.each(['a[b=1', 'a]=1', '[a]=1', 'a[b]c=1', `a${'[b]'.repeat(11)}=1`])('refuses %s', (text) => {
    expect(() => parseForm(text)).toThrow(/Invalid parameter name|nested too deeply/);
  });
});
