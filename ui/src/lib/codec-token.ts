// What the codec server needs from this browser beside its address: the access token, and the permission of the page.
import { originOf } from './codec';
import { settings } from './settings';

const TOKEN = 'klamm.codec-token';
const COOKIE = 'klamm-codec';

/** The access token. It stays in this tab, and goes with it. */
export function codecToken(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? '';
  } catch {
    return '';
  }
}

export function keepToken(token: string): void {
  try {
    if (token === '') sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, token);
  } catch {
    // A browser that stores nothing asks for it again.
  }
}

const cookie = () => document.cookie.split('; ').find((each) => each.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';

/**
 * Tells klamm which origin the page may ask: klamm names it in the page's Content-Security-Policy, which holds from the next load on.
 * Returns whether the page must be loaded anew for that.
 */
export function permitCodec(url = settings().codec.url): boolean {
  let origin: string;
  try {
    origin = originOf(url);
  } catch {
    origin = '';
  }
  const before = cookie();
  document.cookie = origin === '' ? `${COOKIE}=; path=/; max-age=0; samesite=strict` : `${COOKIE}=${origin}; path=/; max-age=34560000; samesite=strict`;
  // Where cookies are not kept, loading anew would not help.
  return before !== origin && cookie() === origin;
}
