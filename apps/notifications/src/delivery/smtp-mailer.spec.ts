import { expect, it } from '@jest/globals';
import { toDeliveryError } from './smtp-mailer.js';

const from = (more: object) =>
  toDeliveryError(Object.assign(new Error('550 <ada@example.com> is not known'), more));

it('gives up on what the server will never take', () => {
  expect(from({ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 })).toMatchObject({
    isPermanent: true,
  });
  expect(from({ code: 'EMESSAGE', command: 'DATA', responseCode: 554 })).toMatchObject({ isPermanent: true });
});

it('tries again what may be mended', () => {
  for (const error of [
    { code: 'ECONNREFUSED' },
    { code: 'ETIMEDOUT', command: 'CONN' },
    { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 },
    { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450 },
    { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 421 },
  ])
    expect(from(error)).toMatchObject({ isPermanent: false });
});

it('says what happened without the address that servers repeat', () => {
  const { message } = from({ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 });
  expect(message).toBe('SMTP EENVELOPE 550 at RCPT TO');
});
