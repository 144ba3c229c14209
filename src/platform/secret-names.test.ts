import { describe, expect, it } from 'vitest';
import { isSecretName, passwordInUrl, secretForms, secretsIn, withoutSecrets } from './secret-names.ts';

describe('secrets in the configuration of another program', () => {
  it.each([
    'password',
    'DB_PASSWORD',
    'api_key',
    'apiKey',
    'key',
    'refresh_token',
    'client-secret',
    'credentials',
    'apikey',
    'pass',
    'pwd',
    'account_sas',
  ])('are told by the name %s', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    'key_properties',
    'primary_key_required',
    'monkey',
    'user',
    'password_file',
    'tokenizer',
    'bypass',
    'compass',
  ])('are not told by the name %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });

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

  it('are masked, not refused, where the name only hints at one', () => {
    expect(isSecretName('secret_q')).toBe(false);
    expect(secretsIn({ secret_q: 'hidden', key_properties: ['order_id'] })).toEqual(['hidden']);
  });

  const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END PRIVATE KEY-----\n';
  it.each([
    ['several lines', PEM],
    ['several lines in one', PEM.replaceAll('\n', '\\n')],
  ])('of %s are unreadable as lines, too', (_, pem) => {
    const secrets = secretForms([pem]);
    for (const line of PEM.trim().split('\n')) expect(withoutSecrets(`key: ${line}`, secrets)).toBe('key: ***');
    expect(withoutSecrets(JSON.stringify({ pem }), secrets)).toBe('{"pem":"***"}');
  });

  it('are unreadable where they are printed as JSON or by Python', () => {
    const secrets = secretForms(['pä"ss\\w']);
    const printed = ['pä"ss\\w', '{"p": "pä\\"ss\\\\w"}', '{"p": "p\\u00e4\\"ss\\\\w"}', `{'p': 'pä"ss\\\\w'}`];
    expect(printed.map((line) => withoutSecrets(line, secrets))).toEqual([
      '***',
      '{"p": "***"}',
      '{"p": "***"}',
      `{'p': '***'}`,
    ]);
  });
});
