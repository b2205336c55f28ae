import type { Rig } from '../fault.ts';

export interface Kind {
  readonly name: string;
  /** Erlang: the broker's processes of the channels. */
  readonly channels: string;
  /** What services call such channels. */
  readonly said: RegExp;
}

const consuming = (queues: string): string => `
  [proplists:get_value(channel_pid, C) || C <- rabbit_amqqueue:consumers_all(<<"/">>),
    re:run(element(4, proplists:get_value(queue_name, C)), "${queues}") =/= nomatch]`;

/** Of a service's two connections the one that sends; its channels are numbered in the order of their making. */
const sending = (number: number): string => `
  [proplists:get_value(pid, C) || C <- rabbit_channel:info_all([pid, number, connection]),
    proplists:get_value(number, C) =:= ${number},
    P <- [rabbit_reader:info(proplists:get_value(connection, C), [client_properties])],
    re:run(io_lib:format("~p", [P]), " publisher") =/= nomatch]`;

export const KINDS: readonly Kind[] = [
  { name: 'RPC server', channels: consuming('[.]rpc[.]'), said: /^rpc server$/ },
  { name: 'RPC client', channels: sending(1), said: /^rpc client$/ },
  { name: 'event consumer', channels: consuming('[.]v1$'), said: /^\w+\.\w+$/ },
  { name: 'publisher', channels: sending(2), said: /^events$/ },
];

/**
 * Hands the broker's side of one of these channels a message for an exchange that does not exist, as if its client had
 * sent it: the broker closes the channel, and it alone, with 404.
 */
export async function closeOne({ servers, random }: Rig, { channels }: Kind): Promise<void> {
  const properties = `{'P_basic'${', undefined'.repeat(14)}}`;
  await servers.rabbitmqctl(
    'eval',
    `case lists:usort(${channels}) of
       [] -> none;
       Found -> rabbit_channel:do(lists:nth(${random.below(1_000)} rem length(Found) + 1, Found),
         {'basic.publish', 0, <<"missing">>, <<>>, false, false}, rabbit_basic:build_content(${properties}, <<>>))
     end.`,
  );
}
