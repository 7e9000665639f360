import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

// Fonts come before the style that names them has been read, so that text is
// never drawn twice.
const fonts: Plugin = {
  name: 'fonts',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((f) => f.endsWith('.woff2'))
        .map((f) => ({ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: './' + f }, injectTo: 'head' as const })),
  },
}

// The page works from any folder of any host, so every address is relative.
// Nothing is inlined: the content security policy allows files of the page only.
export default defineConfig({
  base: './',
  plugins: [svelte(), fonts],
  build: { outDir: '../dist', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2023', modulePreload: { polyfill: false } },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
