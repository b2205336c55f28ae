import { expect, it } from '@jest/globals';
import { readNotificationsConfig } from './notifications.config.js';

it('sends nothing out by default', () => {
  expect(readNotificationsConfig({})).toEqual({
    smtpUrl: undefined,
    from: 'Order System <no-reply@localhost>',
    mailDomain: 'localhost',
    ladder: [5000, 30_000, 300_000, 1_800_000],
    awayMs: 30_000,
  });
});

it('takes the domain of the Message-IDs from the sender', () => {
  expect(readNotificationsConfig({ MAIL_FROM: 'shop@shop.example' }).mailDomain).toBe('shop.example');
  expect(readNotificationsConfig({ MAIL_FROM: 'The Shop <shop@shop.example>' }).mailDomain).toBe(
    'shop.example',
  );
});

it('refuses what cannot be a server or an address', () => {
  expect(() => readNotificationsConfig({ SMTP_URL: 'http://mail.example' })).toThrow(
    'SMTP_URL must be a URL such as',
  );
  expect(() => readNotificationsConfig({ MAIL_FROM: 'shop' })).toThrow('MAIL_FROM must be an address');
});
