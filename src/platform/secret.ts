import { inspect } from 'node:util';

/**
 * A value that must not reach a log, an error or a response. Turning it into text or JSON throws, so that a leak is a
 * failing test and not a secret in a log.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: call it only where the value is handed to its user. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    throw new Error('A secret was turned into text');
  }

  toJSON(): string {
    throw new Error('A secret was turned into JSON');
  }

  [inspect.custom](): string {
    return 'Secret(…)';
  }
}
