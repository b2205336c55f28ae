// Loaded into every service by the start: when the start is killed, the service drains and ends too.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
