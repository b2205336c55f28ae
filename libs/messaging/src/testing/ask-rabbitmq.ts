import { connect } from 'amqplib';

/** Throws unless a queue can be made that keeps a message. A broker may answer and yet be full, or keep nothing any more. */
export async function askRabbitmq(url: string, queue: string): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  channel.sendToQueue(queue, Buffer.from('?'), { persistent: true });
  await channel.waitForConfirms();
  await channel.deleteQueue(queue);
  await connection.close();
}
