import { app, source, text } from './app.svelte'
import type { SweepRuns, SweepState } from './types'

// A Followed sweep is asked for what has come of it whenever its folder has
// changed, as long as somebody looks at it.
export class Followed {
  readonly id: string
  state = $state.raw<SweepState>()
  fault = $state('')
  waiting = $state('') // why there is no answer yet
  private asking = false
  private ended = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(id: string) {
    this.id = id
  }

  private version() {
    return app.sweeps.find((s) => s.id === this.id)?.version
  }

  // news asks if there is something that is not known yet.
  news() {
    if (this.asking || this.ended || this.timer || (this.state && this.state.version === this.version())) return
    void this.ask()
  }

  private async ask() {
    this.asking = true
    let rest = 2
    try {
      const s = await source.sweep(this.id)
      this.state = s
      this.fault = this.waiting = ''
      rest = Math.max(1, s.rest)
    } catch (e) {
      const wait = e instanceof Error && e.cause === 503
      this.waiting = wait ? text(e) : ''
      this.fault = wait ? '' : text(e)
      if (!wait) rest = 5
    }
    this.asking = false
    if (this.ended) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.news()
    }, 1000 * rest)
  }

  end() {
    this.ended = true
    clearTimeout(this.timer)
  }
}

// A Looked is a point whose runs are looked at.
export class Looked {
  runs = $state.raw<SweepRuns>()
  fault = $state('')
  private number = 0

  async ask(id: string, point: number) {
    const n = ++this.number
    if (this.runs?.point !== point) this.runs = undefined
    try {
      const runs = await source.point(id, point)
      if (n !== this.number) return
      this.runs = runs
      this.fault = ''
    } catch (e) {
      if (n === this.number && !(e instanceof Error && e.cause === 503)) this.fault = text(e)
    }
  }
}
