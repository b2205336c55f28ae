import { expect, it } from '@jest/globals';
import { readPaymentsConfig } from './payments.config.js';

const secret = 'Wq3v9Zr7Lk2Xn8Tb5Yc1Pd6Hf4Jg0Ms';
const other = 'Ze8r5Tn2Vk9Xq4Wm7Lb1Yc6Pd3Hf0JgS';

it('posts webhooks to the gateway, which is the public address unless it is told', () => {
  const env = { SANDBOX_WEBHOOK_SECRET: secret, PORT: '3100' };
  expect(readPaymentsConfig(env)).toMatchObject({
    publicUrl: 'http://localhost:3100',
    webhookUrl: 'http://127.0.0.1:3100/api/payments/webhook/sandbox',
  });
  const apart = { ...env, PUBLIC_URL: 'https://shop.example/', GATEWAY_URL: 'http://gateway:3000' };
  expect(readPaymentsConfig(apart)).toMatchObject({
    publicUrl: 'https://shop.example',
    webhookUrl: 'http://gateway:3000/api/payments/webhook/sandbox',
  });
});

it('takes two secrets while they rotate, and in production only good ones', () => {
  const read = (secrets?: string) =>
    readPaymentsConfig({ NODE_ENV: 'production', SANDBOX_WEBHOOK_SECRET: secrets }).sandboxSecrets;
  expect(read(`${secret}x, ${other}`)).toEqual([`${secret}x`, other]);
  expect(() => read(`${secret}x, short`)).toThrow('SANDBOX_WEBHOOK_SECRET must have at least 32 characters');
  expect(() => read()).toThrow('SANDBOX_WEBHOOK_SECRET is missing');
});
