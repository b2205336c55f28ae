import type { Mail } from './mailer.js';

export interface Letter {
  deliveryId: string;
  title: string;
  body: string;
  /** Becomes a link where it stands in the body. */
  link?: string | undefined;
  to: { name: string | null; email: string };
  /** What stands behind the @ in the Message-ID. */
  domain: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);

const MOST_HEADER = 200;
/** One line: whatever could end a header is a blank. */
export const headerLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, MOST_HEADER);

/** A mail in plain text and the same in HTML. */
export function renderMail({ deliveryId, title, body, link, to, domain }: Letter): Mail {
  const name = headerLine(to.name ?? '');
  const greeting = name === '' ? 'Hello,' : `Hello ${name},`;
  return {
    id: deliveryId,
    messageId: `<${deliveryId}@${domain}>`,
    to: { name, address: to.email },
    subject: headerLine(title),
    text: `${greeting}\n\n${body}\n`,
    html: page(
      headerLine(title),
      [greeting, ...body.split('\n')].map((line) => paragraph(line, link)),
    ),
  };
}

function paragraph(line: string, link: string | undefined): string {
  const text = escapeHtml(line);
  if (link === undefined || !/^https?:\/\//.test(link)) return `<p>${text}</p>`;
  const url = escapeHtml(link);
  return `<p>${text.replaceAll(url, () => `<a href="${url}">${url}</a>`)}</p>`;
}

const page = (title: string, paragraphs: string[]): string =>
  [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>`,
    '<body style="font-family: sans-serif; max-width: 40em">',
    `<h1 style="font-size: 1.2em">${escapeHtml(title)}</h1>`,
    ...paragraphs,
    '</body></html>',
    '',
  ].join('\n');
