import { createHash } from 'node:crypto';
import type { WireOutput } from '@order-system/contracts/define';
import type { GetSandboxSession } from '@order-system/contracts/payments.contracts';
import type { Problem } from '../http/problem.js';

type Session = WireOutput<typeof GetSandboxSession>;

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; background: #f3f4f6; color: #111827; margin: 0; }
main { max-width: 26rem; margin: 10vh auto; padding: 2rem; background: #fff; border-radius: 0.75rem; }
h1 { font-size: 1.1rem; margin: 0; }
.amount { font-size: 2rem; font-weight: 600; margin: 0.5rem 0; }
.note { color: #4b5563; font-size: 0.875rem; overflow-wrap: anywhere; }
form { display: flex; gap: 0.75rem; margin-top: 1.5rem; }
button { flex: 1; padding: 0.75rem; border: 0; border-radius: 0.5rem; font: inherit; cursor: pointer; }
button[value='pay'] { background: #166534; color: #fff; }
button[value='decline'] { background: #e5e7eb; color: #111827; }
button:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px; }`;

const styleHash = createHash('sha256').update(STYLE).digest('base64');
export const PAGE_CSP = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

const money = ({ amount, currency }: Session): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);

const page = (body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox payment</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Sandbox payment</h1>
${body}
</main>
</body>
</html>
`;

const sessionPage = (session: Session, body: string): string =>
  page(`<p class="amount">${escape(money(session))}</p>
<p class="note">Order ${escape(session.orderId)}</p>
${body}`);

const SAID: Record<Session['status'], string> = {
  OPEN: 'This payment is open.',
  PAID: 'Paid. You can close this page.',
  DECLINED: 'Declined. Nothing was charged; you can close this page.',
  EXPIRED: 'This link has expired. Nothing was charged.',
};

/** The form posts to the page's own address, which holds the secret. */
export function sandboxPage(session: Session): string {
  if (session.status !== 'OPEN') return settledPage(session);
  return sessionPage(
    session,
    `<p class="note">No money moves: this provider is for trying things out.</p>
<form method="post">
<button name="outcome" value="pay">Pay</button>
<button name="outcome" value="decline">Decline</button>
</form>`,
  );
}

export const settledPage = (session: Session): string =>
  sessionPage(session, `<p role="status">${escape(SAID[session.status])}</p>`);

export const refusedPage = ({ title, detail, correlationId }: Problem): string =>
  page(`<p role="alert">${escape(title)}. ${escape(detail)}</p>
<p class="note">Reference ${escape(correlationId)}</p>`);
