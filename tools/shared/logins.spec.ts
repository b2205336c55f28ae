import { expect, it } from '@jest/globals';
import { readRefusal } from './logins.ts';

const said = (message: string, code: string) =>
  readRefusal('rabbitmq', Object.assign(new Error(message), { code }));

it.each([
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['unable to get local issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
])('says how a server of an authority of its own is trusted: %s', (message, code) => {
  expect(said(message, code)).toEqual({
    why: message,
    remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
});

it.each([
  ['certificate has expired', 'CERT_HAS_EXPIRED'],
  ["Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['read ECONNRESET', 'ECONNRESET'],
])('asks for another address where no authority helps: %s', (message, code) => {
  expect(said(message, code)).toEqual({ why: message, remedy: expect.stringContaining('set AMQP_URL') });
});
