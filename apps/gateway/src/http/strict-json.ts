const DEEPEST = 64;
const QUOTE = 34;
const BACKSLASH = 92;

/** End of the string that starts at `start`, or -1; escapes of NUL, which no table can keep, count as broken. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) return i;
    if (char !== BACKSLASH) continue;
    if (text.startsWith('u0000', i + 1)) return -1;
    i++;
  }
  return -1;
}

/**
 * What JSON.parse lets pass and two readers may understand differently: a key that is there twice,
 * nesting beyond any need, a byte order mark, NUL. Undefined when there is none of it; the rest of the syntax is
 * JSON.parse's to judge.
 */
export function faultOfJson(text: string): string | undefined {
  if (text.charCodeAt(0) === 0xfeff) return 'must not start with a byte order mark';
  const open: (Set<string> | null)[] = [];
  let isKeyNext = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charAt(i)) {
      case '"': {
        const end = endOfString(text, i);
        if (end < 0) return 'must be JSON without NUL characters';
        const keys = open.at(-1);
        if (isKeyNext && keys) {
          const key = keyOf(text.slice(i, end + 1));
          if (keys.has(key)) return 'must not have a key twice';
          keys.add(key);
          isKeyNext = false;
        }
        i = end;
        break;
      }
      case '{':
        open.push(new Set());
        isKeyNext = true;
        break;
      case '[':
        open.push(null);
        isKeyNext = false;
        break;
      case '}':
      case ']':
        open.pop();
        isKeyNext = false;
        break;
      case ',':
        isKeyNext = open.at(-1) instanceof Set;
        break;
    }
    if (open.length > DEEPEST) return `must not nest deeper than ${DEEPEST}`;
  }
  return undefined;
}

/** The same key can be written with escapes. */
function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
