import { describe, expect, it } from 'vitest';
import { isSecretName, passwordInUrl, secretsIn, withoutSecrets } from './secret-names.ts';

describe('secrets in the configuration of another program', () => {
  it.each(['password', 'DB_PASSWORD', 'api_key', 'apiKey', 'key', 'refresh_token', 'client-secret', 'credentials'])(
    'are told by the name %s',
    (name) => {
      expect(isSecretName(name)).toBe(true);
    },
  );

  it.each(['key_properties', 'primary_key_required', 'monkey', 'user', 'password_file', 'tokenizer'])(
    'are not told by the name %s',
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );

  it('are passwords in addresses, too', () => {
    expect(passwordInUrl('postgresql://me:p%40ss@host:5432/db')).toBe('p%40ss');
    for (const text of ['https://host:8080/a@b', 'postgresql://me@host', 'a:b@c', '']) {
      expect(passwordInUrl(text)).toBeNull();
    }
  });

  it('are found in any depth and made unreadable wherever they are printed', () => {
    const config = {
      user: 'me',
      auth: { token: 'long-token' },
      keys: ['first-key'],
      url: 'db://me:p%40ss@h',
      pin: { key: 'ab' },
    };
    const secrets = secretsIn(config);
    expect([...secrets].sort()).toEqual(['first-key', 'long-token', 'p%40ss', 'p@ss']);
    expect(withoutSecrets('me long-token-2, first-key: p@ss', [...secrets, 'long-token-2'])).toBe('me ***, ***: ***');
  });
});
