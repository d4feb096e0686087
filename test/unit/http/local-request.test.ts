import { describe, expect, it } from 'vitest';
import { refuseForeign } from '../../../src/modules/http/local-request.js';

const own = 'http://localhost:9895';

describe(refuseForeign, () => {
  it.each([
    'localhost',
    'localhost:9895',
    'LOCALHOST:1',
    '127.0.0.1:9895',
    '127.8.9.1',
    '[::1]:9895',
    '[::1]',
  ])('takes Host %s', (host) => {
    expect(refuseForeign({ method: 'GET', headers: { host } })).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'evil.example:9895',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1:9895',
    '[::2]:9895',
    'localhost:9895@evil.example',
    '::1',
  ])('refuses Host %s', (host) => {
    const headers = host === undefined ? {} : { host };
    expect(refuseForeign({ method: 'GET', headers })?.status).toBe(403);
  });

  it.each([
    ['no origin', {}],
    ['its own origin', { origin: own }],
    ['its own page', { origin: own, 'sec-fetch-site': 'same-origin' }],
  ])('takes a POST of %s', (_what, headers) => {
    expect(
      refuseForeign({ method: 'POST', headers: { host: 'localhost:9895', ...headers } }),
    ).toBeUndefined();
  });

  it.each([
    ['another site', { origin: 'http://evil.example' }],
    ['a sandboxed page', { origin: 'null' }],
    ['another port', { origin: 'http://localhost:8080' }],
    ['https', { origin: 'https://localhost:9895' }],
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port, by fetch metadata', { 'sec-fetch-site': 'same-site' }],
  ])('refuses a POST of %s', (_what, headers) => {
    expect(refuseForeign({ method: 'POST', headers: { host: 'localhost:9895', ...headers } })?.status).toBe(
      403,
    );
  });
});
