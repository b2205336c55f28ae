import { expect, it } from '@jest/globals';
import { isDisconnected, isUnavailable } from './sql-errors.js';

const failed = (facts: object) => Object.assign(new Error('failed'), facts);
const throughPrisma = (code: string, cause: object) =>
  failed({ code, meta: { driverAdapterError: { name: 'DriverAdapterError', cause } } });

it.each([
  ['no descriptor is left', failed({ code: 'EMFILE', syscall: 'connect' })],
  ['names are not resolved for a moment', failed({ code: 'EAI_AGAIN' })],
  ['no port is left', failed({ code: 'EADDRNOTAVAIL' })],
  ['the certificate has expired', failed({ code: 'CERT_HAS_EXPIRED' })],
  ['the password was changed', failed({ code: '28P01', severity: 'FATAL' })],
  ['it takes no connections', failed({ code: '55000', severity: 'FATAL' })],
  ['the disk is full', failed({ code: '53100', severity: 'ERROR' })],
  ['a file cannot be read', failed({ code: '58030', severity: 'ERROR' })],
  ['Prisma finds no descriptor', failed({ code: 'EMFILE' })],
  ['Prisma is refused', throughPrisma('P1010', { originalCode: '28000', kind: 'DatabaseAccessDenied' })],
  [
    'Prisma gets no connection',
    throughPrisma('P2037', { originalCode: '53300', kind: 'TooManyConnections' }),
  ],
  [
    'Prisma is told FATAL',
    throughPrisma('P2039', { originalCode: '55000', code: '55000', severity: 'FATAL' }),
  ],
])('the database is not to be had: %s', (_what, error) => {
  expect(isDisconnected(error)).toBe(true);
  expect(isUnavailable(error)).toBe(true);
});

it.each([
  ['a right is missing', failed({ code: '42501', severity: 'ERROR' })],
  ['a table is missing', throughPrisma('P2021', { originalCode: '42P01', kind: 'TableDoesNotExist' })],
  ['a row is there already', failed({ code: '23505', severity: 'ERROR' })],
  ['the state forbids it', failed({ code: '55000', severity: 'ERROR' })],
  ['a mail has no recipient', failed({ code: 'EENVELOPE' })],
  ['it is none at all', undefined],
])('something is wrong with what was asked: %s', (_what, error) => {
  expect(isUnavailable(error)).toBe(false);
});

it.each(['55P03', '57014', '25P03'])(
  'a statement that takes too long (%s) breaks no connection of others',
  (code) => {
    const error = failed({ code, severity: code === '25P03' ? 'FATAL' : 'ERROR' });
    expect([isDisconnected(error), isUnavailable(error)]).toEqual([false, true]);
  },
);
