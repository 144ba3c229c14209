import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textArbitrary } from '../../../test/support/item-arbitrary.ts';
import { holdsSurrogateEscape, withoutLoneSurrogates, withoutSurrogateEscapes } from './surrogates.ts';

describe('half of a surrogate pair', () => {
  it('becomes U+FFFD in JSON text exactly where it does in the text itself', () => {
    fc.assert(
      fc.property(textArbitrary, (text) => {
        const json = JSON.stringify({ [text]: [text, '\\ud800'] });
        const clean = withoutLoneSurrogates(text);
        expect(JSON.parse(withoutSurrogateEscapes(json))).toEqual({ [clean]: [clean, '\\ud800'] });
        expect(holdsSurrogateEscape(json)).toBe(clean !== text);
      }),
    );
  });
});
