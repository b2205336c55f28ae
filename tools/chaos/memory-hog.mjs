// NODE_OPTIONS="--max-old-space-size=96 --import=<this file>": the service's heap fills up until V8 gives up.
const FIRST_MS = 3000;
const EVERY_MS = 50;
const NUMBERS = 100_000;

const kept = [];
setTimeout(() => {
  console.error('memory hog: it begins');
  setInterval(() => kept.push(Array.from({ length: NUMBERS }, () => ({ kept }))), EVERY_MS).unref();
}, FIRST_MS).unref();
