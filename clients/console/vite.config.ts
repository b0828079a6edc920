import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  // Every address is relative to `<base>`, which the server writes: it works below any path.
  base: './',
  plugins: [tailwindcss()],
  // The verifier hashes with Node's own; a browser has one of ours, which works on plain HTTP too.
  resolve: {
    alias: { 'node:crypto': new URL('src/evidence/node-crypto.ts', import.meta.url).pathname },
  },
  build: {
    assetsDir: 'console/assets',
    target: 'es2024',
    // Inline data would need a wider policy for what a page may load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
