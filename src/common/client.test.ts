import { forwardedAddresses, networkOf, wideNetworkOf } from './client.js';

describe('networkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts as %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});

describe('wideNetworkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['::1', '0:0:0::/48'],
  ])('%s counts as %s', (ip, network) => {
    expect(wideNetworkOf(ip)).toBe(network);
  });
});

describe('forwardedAddresses', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.7']],
    ['192.0.2.7:51000', ['192.0.2.7']],
    ['[2001:db8::1]', ['2001:db8::1']],
    ['[2001:db8::1]:51000', ['2001:db8::1']],
    ['2001:db8::1, 192.0.2.7:80', ['2001:db8::1', '192.0.2.7']],
    ['fe80::1%eth0', ['fe80::1']],
    ['unknown', []],
    ['', []],
    ['999.0.2.7', []],
    ['192.0.2.7:x', []],
    ['[192.0.2.7', []],
    ["<script>alert('x')</script>", []],
    ['203.0.113.9, unknown, 192.0.2.7', ['192.0.2.7']],
    ['203.0.113.9, 192.0.2.7, unknown', []],
    ['203.0.113.9,', []],
  ])('%j has %j', (header, addresses) => {
    expect(forwardedAddresses(header)).toEqual(addresses);
  });
});
