/** Nothing of ours is nested as deeply: neither PostgreSQL nor a parser of ours has to find out how much it can take. */
const MOST_DEPTH = 100;

/** What a message holds. Undefined when it is no JSON, or such as nobody here writes. */
export function parseContent(text: string): unknown {
  try {
    return isTooDeep(text) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const OPENING = new Set(['[', '{']);
const CLOSING = new Set([']', '}']);

function isTooDeep(text: string): boolean {
  if (!opensOften(text)) return false;
  let depth = 0;
  for (const [found] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (OPENING.has(found)) depth += 1;
    else if (CLOSING.has(found)) depth -= 1;
    if (depth > MOST_DEPTH) return true;
  }
  return false;
}

/** What every message pays for; those that open no more than that many brackets are not too deep. */
function opensOften(text: string): boolean {
  let opened = 0;
  for (const bracket of OPENING)
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) opened += 1;
  return opened > MOST_DEPTH;
}
