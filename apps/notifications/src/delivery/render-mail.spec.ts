import { expect, it } from '@jest/globals';
import { headerLine, renderMail } from './render-mail.js';

const letter = {
  deliveryId: '01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b',
  title: 'Order 1001 received',
  body: 'Thank you.\nThe total is $19.99.',
  to: { name: 'Ada', email: 'ada@example.com' },
  domain: 'shop.example',
};

it('says the same in plain text and in HTML, under an id that the delivery decides', () => {
  const mail = renderMail(letter);
  expect(mail).toMatchObject({
    messageId: '<01935b2c-7f8a-7c3e-9d4b-5a6f7e8d9c0b@shop.example>',
    subject: 'Order 1001 received',
    to: { name: 'Ada', address: 'ada@example.com' },
    text: 'Hello Ada,\n\nThank you.\nThe total is $19.99.\n',
  });
  expect(mail.html).toContain('<p>Hello Ada,</p>\n<p>Thank you.</p>\n<p>The total is $19.99.</p>');
});

it('greets who has given no name without one', () => {
  const { text } = renderMail({ ...letter, to: { name: '', email: 'ada@example.com' } });
  expect(text).toMatch(/^Hello,\n/);
});

it('shows what people wrote as text, wherever it stands', () => {
  const evil = `<script>alert("1")</script><img src=x onerror='x'>&amp;`;
  const { html } = renderMail({
    ...letter,
    title: evil,
    body: evil,
    to: { name: evil, email: 'ada@example.com' },
  });
  expect(html).not.toMatch(/<(script|img)/);
  const escaped =
    '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;x&#39;&gt;&amp;amp;';
  expect(html.split(escaped)).toHaveLength(5);
});

it('lets nothing end a header', () => {
  const { subject, to } = renderMail({
    ...letter,
    title: 'Hello\r\nBcc: all@example.com\n\nBody\u2028\u0000',
    to: { name: 'Ada\r\nBcc: all@example.com', email: 'ada@example.com' },
  });
  expect(subject).toBe('Hello Bcc: all@example.com Body');
  expect(to.name).toBe('Ada Bcc: all@example.com');
  expect(headerLine('x'.repeat(500))).toHaveLength(200);
});

it('makes a link of a web address only, and leaves the attribute by no quote', () => {
  const html = (link: string) => renderMail({ ...letter, body: `Pay here: ${link}`, link }).html;
  expect(html('https://pay.example/?a=1&b=2')).toContain(
    '<a href="https://pay.example/?a=1&amp;b=2">https://pay.example/?a=1&amp;b=2</a>',
  );
  expect(html('https://pay.example/"onclick="x')).toContain(
    'href="https://pay.example/&quot;onclick=&quot;x"',
  );
  expect(html('javascript:alert(1)')).not.toContain('href');
});

it('takes a name of dollar signs as it is', () => {
  const link = 'https://pay.example/$&';
  expect(renderMail({ ...letter, body: link, link }).html).toContain('>https://pay.example/$&amp;</a>');
});
