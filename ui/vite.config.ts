import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` finds klamm. `changeOrigin` because klamm answers only hosts and origins that are its own.
const target = process.env.KLAMM_HTTP ?? 'http://127.0.0.1:8233';
const toKlamm = {
  target,
  changeOrigin: true,
  configure: (proxy: { on(event: 'proxyReq', listener: (request: { removeHeader(name: string): void }) => void): void }) =>
    proxy.on('proxyReq', (request) => request.removeHeader('origin')),
};

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** The hash of all that the build reads, by which a test of klamm says that the built files are stale (services/ui/tests/fresh.rs). */
function sources(): string {
  const below = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`);
  const files = [...below('public'), ...below('src'), 'index.html', 'package-lock.json', 'package.json', 'tsconfig.json', 'vite.config.ts'];
  const named = files.filter((name) => !name.endsWith('.test.ts')).sort((a, b) => (a < b ? -1 : 1));
  return sha256(named.map((name) => `${name} ${sha256(readFileSync(name))}\n`).join(''));
}

const stamp = { name: 'stamp', apply: 'build' as const, closeBundle: () => writeFileSync('dist/sources.sha256', `${sources()}\n`) };

export default defineConfig({
  plugins: [react(), tailwindcss(), stamp],
  server: { proxy: { '/api': toKlamm, '/metrics': toKlamm, '/readyz': toKlamm } },
  build: {
    target: 'es2023',
    cssTarget: 'chrome125',
    // Inlined files would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The first load is measured by a test of klamm (services/ui/tests/fresh.rs).
    chunkSizeWarningLimit: 700,
  },
  test: { include: ['src/**/*.test.ts'] },
});
