import { alone } from './alone'
import { palettes } from './colours'
import { served } from './served'
import type { Run, Sweep } from './types'

export type Page = 'live' | 'play' | 'explain' | 'errors' | 'sweeps'

const content = document.querySelector<HTMLMetaElement>('meta[name=firstspike]')?.content
export const source = content === 'static' ? alone() : served()
export const pages: Page[] = ['live', 'play', 'explain', 'errors', ...(source.live ? (['sweeps'] as const) : [])]

type Theme = 'light' | 'dark'

const prefers = matchMedia('(prefers-color-scheme: dark)')

function remembered(): Theme | null {
  try {
    const t = localStorage.getItem('theme')
    return t === 'light' || t === 'dark' ? t : null
  } catch {
    return null // storage is switched off
  }
}

class App {
  runs = $state<Run[]>([])
  sweeps = $state<Sweep[]>([])
  ready = $state(false) // the list of runs has come
  connected = $state(true)
  fault = $state('')
  named = $state<Page>() // the page of the address
  page = $derived<Page>(this.named ?? (!source.live ? 'play' : this.sweeps.length && !this.runs.length ? 'sweeps' : 'live'))
  run = $state('') // its id; the page chooses one if the address has none
  sweep = $state('') // likewise
  rest = $state<string[]>([]) // of the address
  theme = $state<Theme>(remembered() ?? (prefers.matches ? 'dark' : 'light'))
  palette = $derived(palettes[this.theme])

  // current is the run that the address names, or one that can be played with.
  current = $derived(this.runs.find((r) => r.id === this.run) ?? this.runs.find((r) => r.version && !r.error) ?? this.runs[0])

  // following is the sweep that the address names, or the first.
  following = $derived(this.sweeps.find((s) => s.id === this.sweep) ?? this.sweeps[0])

  constructor() {
    prefers.addEventListener('change', () => {
      if (!remembered()) this.theme = prefers.matches ? 'dark' : 'light'
    })
    addEventListener('hashchange', () => this.read())
    this.read()
    void this.list()
  }

  // read takes the page from the address: #/play/run/12.
  read() {
    const parts = location.hash.replace(/^#\/?/, '').split('/').map(decode)
    this.named = pages.find((p) => p === parts[0])
    if (this.named === 'sweeps') this.sweep = parts[1] ?? ''
    else this.run = parts[1] ?? ''
    this.rest = parts.slice(2)
  }

  async list() {
    try {
      const [runs, sweeps] = await Promise.all([source.runs(), source.sweeps()])
      this.sweeps = sweeps
      this.hear(runs)
    } catch (e) {
      this.fault = text(e)
    }
  }

  // hear takes a list of runs; what was known of their epochs stays.
  hear(runs: Run[]) {
    this.runs = runs
    this.ready = true
    this.fault = ''
  }

  toggle() {
    this.theme = this.theme === 'dark' ? 'light' : 'dark'
    try {
      localStorage.setItem('theme', this.theme)
    } catch {
      // it lasts as long as the page
    }
  }
}

function decode(s: string): string {
  try {
    return decodeURIComponent(s)
  } catch {
    return s
  }
}

export function text(e: unknown): string {
  return e instanceof Error ? e.message : String(e)
}

export function address(page: Page, run = '', ...rest: (string | number)[]): string {
  return '#/' + [page, run, ...rest].map((p) => encodeURIComponent(String(p))).join('/').replace(/\/+$/, '')
}

export const app = new App()
