import { DomainError, type ErrorCode, type ErrorFacts } from '@order-system/contracts/errors';

/** What crosses back: an answer, or a refusal by its code. */
export interface RpcReply {
  response?: unknown;
  err?: { code: ErrorCode; detail: string; facts: ErrorFacts };
}

export const written = (reply: RpcReply): string => JSON.stringify(reply);

/** A refusal, written. */
export const toReply = ({ code, detail, facts }: DomainError): string =>
  written({ err: { code, detail, facts } });

/** The answer on the wire, or the DomainError that was sent instead of it. */
export function fromReply({ response, err }: RpcReply): unknown {
  if (err) throw new DomainError(err.code, err.detail, err.facts);
  return response;
}

export const unavailable = (service: string, why: string): DomainError =>
  new DomainError('SERVICE_UNAVAILABLE', `The ${service} service ${why}; try again shortly.`, { service });

/** While the processes of a version are replaced by the next, those of both ask each other. */
export const ofAnotherVersion = (service: string): DomainError =>
  unavailable(service, 'is of another version');
