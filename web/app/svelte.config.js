import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    // A canvas is a picture to a screen reader; it is not interactive by itself.
    warningFilter: (w) => w.code !== 'a11y_no_interactive_element_to_noninteractive_role',
  },
}
