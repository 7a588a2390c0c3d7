import { afterEach, describe, expect, it, vi } from 'vitest';
import { batching, decodeBy, endpointOf, fingerprint, isEncoded, NO_CODEC, problemOf } from './codec';
import { toBase64 } from './payload';

const base64 = (text: string) => toBase64(new TextEncoder().encode(text));
const payload = (encoding: string, data = 'x') => ({ metadata: { encoding: base64(encoding) }, data: base64(data) });
const at = (url: string, more: object = {}) => ({ ...NO_CODEC, url, ...more });

afterEach(() => vi.unstubAllGlobals());

describe('a codec server', () => {
  it('gets what a codec has made, and nothing else', () => {
    for (const encoding of ['binary/encrypted', 'binary/zlib', 'application/x-own']) expect(isEncoded(payload(encoding))).toBe(true);
    for (const encoding of ['json/plain', 'json/protobuf', 'binary/null', 'binary/plain', 'binary/protobuf', '']) expect(isEncoded(payload(encoding))).toBe(false);
    for (const value of [undefined, null, 'text', 7, {}, { a: 1 }]) expect(isEncoded(value)).toBe(false);
  });

  it('has an address', () => {
    expect(endpointOf('https://codec.example/', 'a b')).toBe('https://codec.example/decode');
    expect(endpointOf('https://codec.example/{namespace}/codec', 'a b')).toBe('https://codec.example/a%20b/codec/decode');
    expect(problemOf(NO_CODEC)).toBeUndefined();
    for (const url of ['https://codec.example/{namespace}', 'http://10.0.0.1:8888', 'http://localhost']) expect(problemOf(at(url))).toBeUndefined();
    expect(problemOf(at('codec'))).toContain('is no address');
    expect(problemOf(at('ftp://codec'))).toContain('https://');
    expect(problemOf(at('https://{namespace}.example'))).toContain('in the path');
    expect(problemOf(at('https://me:secret@codec.example'))).toContain('password');
    expect(problemOf(at('https://codec.example/?a=b'))).toContain('no ?');
  });

  it('gets an access token over https, or within the machine', () => {
    const passToken = { passToken: true };
    for (const url of ['https://codec.example', 'http://localhost:8888', 'http://127.0.0.1:8888', 'http://[::1]:1']) expect(problemOf(at(url, passToken))).toBeUndefined();
    for (const url of ['http://codec.example', 'http://10.0.0.1', 'http://localhost.example']) expect(problemOf(at(url, passToken))).toContain('https only');
  });

  it('is asked as Temporal says', async () => {
    const answer = [payload('json/plain', '1')];
    const fetched = vi.fn(async (..._: [string, RequestInit]) => new Response(JSON.stringify({ payloads: answer })));
    vi.stubGlobal('fetch', fetched);
    const given = [payload('binary/encrypted')];
    expect(await decodeBy(at('https://codec.example', { passToken: true }), 'ns', 'secret', given)).toEqual(answer);
    const [url, { method, headers, body, credentials }] = fetched.mock.calls[0]!;
    expect([url, method, credentials]).toEqual(['https://codec.example/decode', 'POST', 'omit']);
    expect(headers).toEqual({ 'content-type': 'application/json', 'x-namespace': 'ns', authorization: 'Bearer secret' });
    expect(JSON.parse(body as string)).toEqual({ payloads: given });
    await decodeBy(at('https://codec.example', { withCredentials: true }), 'ns', 'secret', given);
    expect(fetched.mock.calls[1]![1]).toMatchObject({ credentials: 'include', headers: expect.not.objectContaining({ authorization: expect.anything() as unknown }) as unknown });
  });

  it('fails in words', async () => {
    vi.stubGlobal('location', { origin: 'http://localhost:8233' });
    const said = async (answer: () => Response) => {
      vi.stubGlobal('fetch', async () => answer());
      return decodeBy(at('https://codec.example'), 'ns', '', [payload('x')]).catch((error: Error) => error.message);
    };
    expect(await said(() => { throw new TypeError('Failed to fetch'); })).toMatch(/does not answer, or does not let this page ask \(CORS: it must name http:\/\/localhost:8233/);
    expect(await said(() => { throw new DOMException('late', 'TimeoutError'); })).toContain('has not answered within 15 s');
    expect(await said(() => new Response('no key', { status: 500 }))).toBe('The codec server answered 500: no key.');
    expect(await said(() => new Response('', { status: 403 }))).toContain('access token');
    expect(await said(() => new Response('<html>'))).toContain('is not JSON');
    expect(await said(() => new Response('{"payloads": []}'))).toContain('was given 1 payloads, and answered 0');
    expect(await said(() => new Response('{}'))).toContain('answered no list');
    expect(await said(() => new Response('{"payloads": [7]}'))).toContain('no list of payloads');
  });
});

describe('requests', () => {
  it('are joined', async () => {
    const sizes: number[] = [];
    const decode = batching(async (payloads) => {
      sizes.push(payloads.length);
      return payloads.map(({ data }) => ({ data: `${data}!` }));
    });
    const answers = await Promise.all(Array.from({ length: 450 }, (_, index) => decode({ data: String(index) })));
    expect(sizes).toEqual([200, 200, 50]);
    expect(answers[449]).toEqual({ data: '449!' });
    expect(await decode({ data: 'later' })).toEqual({ data: 'later!' });
    const large = { data: 'x'.repeat(1_500_000) };
    sizes.length = 0;
    await Promise.all([decode(large), decode(large), decode({ data: '1' })]);
    expect(sizes).toEqual([1, 2]);
  });

  it('fail for all that they hold', async () => {
    const decode = batching(() => Promise.reject(new Error('no')));
    expect(await Promise.allSettled([decode({}), decode({})])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  });
});

it('payloads are told apart', () => {
  expect(fingerprint(payload('a', 'x'))).toBe(fingerprint(payload('a', 'x')));
  expect(new Set(Array.from({ length: 2000 }, (_, index) => fingerprint(payload('a', String(index))))).size).toBe(2000);
});
