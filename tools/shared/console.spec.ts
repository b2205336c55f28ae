import { describe, expect, it } from '@jest/globals';
import { Problem, readOptions } from './console.ts';

const OPTIONS = { topology: { type: 'string', default: 'both' }, watch: { type: 'boolean' } } as const;

describe('the options of a command', () => {
  it('are those that were given, else their defaults', () => {
    expect(readOptions(OPTIONS, ['--watch'])).toEqual({ watch: true, topology: 'both' });
    expect(readOptions(OPTIONS, ['--topology', 'embedded'])).toEqual({ topology: 'embedded' });
  });

  it.each([
    [['--wach'], "Unknown option '--wach'"],
    [['embedded'], "Unexpected argument 'embedded'"],
    [['--topology'], "Option '--topology <value>' argument missing"],
    [['--topology', '--watch'], "Option '--topology' argument is ambiguous"],
    [['--watch=yes'], "Option '--watch' does not take an argument"],
  ])('of %j says what is wrong and what there is, in one line', (args, wrong) => {
    const read = () => readOptions(OPTIONS, args);
    expect(read).toThrow(Problem);
    expect(read).toThrow(`${wrong}. Remedy: --topology <value>, --watch`);
  });
});
