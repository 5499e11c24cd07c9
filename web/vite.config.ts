import { defineConfig } from 'vite';

export default defineConfig({
  // Files of an origin only: the content security policy of the page allows no data: addresses.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Packages mark what a server of React components leaves to the browser; here everything is.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: { port: 5173 },
});
