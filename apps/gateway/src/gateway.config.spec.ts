import { describe, expect, it } from '@jest/globals';
import { readGatewayConfig } from './gateway.config.js';

const trusted = (TRUSTED_PROXIES: string) => readGatewayConfig({ TRUSTED_PROXIES }).TRUSTED_PROXIES;

describe('TRUSTED_PROXIES', () => {
  it.each(['', 'loopback, 10.0.0.0/8', 'linklocal,uniquelocal', '192.0.2.1', '2001:db8::/32', '::1'])(
    'takes addresses and networks: %p',
    (text) => {
      expect(trusted(text)).toEqual(text === '' ? [] : text.split(/, ?/));
    },
  );

  it.each([
    '1',
    'true',
    '*',
    'proxy.example.com',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0.0/x',
    '::1/129',
    '10',
  ])('refuses by name what is neither, such as a number of proxies: %p', (text) => {
    expect(() => trusted(text)).toThrow(/TRUSTED_PROXIES must be/);
  });
});

describe('CORS_ORIGIN', () => {
  const listed = (CORS_ORIGIN: string) => readGatewayConfig({ CORS_ORIGIN }).CORS_ORIGIN;

  it.each(['https://shop.test, https://staff.shop.test:8443', 'http://[::1]:5173', 'capacitor://localhost'])(
    'takes sites as browsers name them: %p',
    (text) => {
      expect(listed(text)).toEqual(text.split(', '));
    },
  );

  it.each(['*', 'null', 'https://*.shop.test', 'shop.test', 'https://shop.test/', 'https://Shop.test'])(
    'refuses by name what would let in all or match none: %p',
    (text) => {
      expect(() => listed(`https://shop.test, ${text}`)).toThrow(/CORS_ORIGIN must be/);
    },
  );
});
