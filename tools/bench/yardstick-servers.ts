/** The least a Fastify server can do. Answers its address. */
export async function serveFastify(): Promise<string> {
  const { fastify } = await import('fastify');
  const app = fastify();
  app.get('/', () => ({ hello: 'world' }));
  return app.listen({ port: 0, host: '127.0.0.1' });
}

/** Answers each message with itself. Gives the name of its queue, which goes when its connection does. */
export async function serveRpc(amqpUrl: string): Promise<string> {
  const { connect } = await import('amqplib');
  const channel = await (await connect(amqpUrl)).createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const answer = (
    message: { content: Buffer; properties: { replyTo: string; correlationId: string } } | null,
  ) => {
    if (message === null) return;
    const { replyTo, correlationId } = message.properties;
    channel.sendToQueue(replyTo, message.content, { correlationId });
  };
  await channel.consume(queue, answer, { noAck: true });
  return queue;
}
