import type { Call, CallInput, CallOutput } from '@order-system/contracts/define';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { MessageContext } from './context.js';

type Handler<C extends Call> = (input: CallInput<C>, ctx: MessageContext) => Promise<CallOutput<C>>;

/** Marks the method of a controller that answers a call; another shape of input or output does not compile. */
export const Rpc =
  <C extends Call>(call: C) =>
  <H extends Handler<C>>(target: object, key: string, descriptor: TypedPropertyDescriptor<H>): void => {
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    MessagePattern(call.name, { call })(target, key, descriptor);
  };
