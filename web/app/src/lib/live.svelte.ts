import { app, source, text } from './app.svelte'
import { decode } from './bytes'
import type { EpochEnd, Forming, Progress, Run, Sheet as Told, Stage, Sweep, Warning } from './types'

// What a layer's maps look for, as far as it is known.
export type Sheet = { layer: string; of: number; rows: number; cols: number; values: Uint8Array; fresh: Float64Array }

// known is a sheet as the engine tells it, nothing of which has just changed.
export function known(s: Told): Sheet {
  return { layer: s.layer, of: s.maps, rows: s.rows, cols: s.cols, values: decode(s.values), fresh: new Float64Array(s.maps) }
}

// A Watched run is what the page knows of a run beyond the list of them.
export class Watched {
  readonly id: string
  epochs = $state.raw<EpochEnd[]>([])
  known = $state(false) // epochs have been fetched
  progress = $state.raw<Progress>()
  stage = $state.raw<Stage>()
  warnings = $state.raw<Warning[]>([])
  sheet = $state.raw<Sheet>()
  drawn = $state(0) // counts changes of the sheet
  private fetching = false
  fault = $state('')

  constructor(id: string) {
    this.id = id
  }

  async fetch() {
    if (this.fetching) return
    this.fetching = true
    try {
      const r = await source.run(this.id)
      // An epoch may have ended meanwhile.
      const later = this.epochs.filter((e) => !r.epochs.some((x) => x.layer === e.layer && x.epoch === e.epoch))
      this.epochs = [...r.epochs, ...later]
      this.known = true
      this.fault = ''
    } catch (e) {
      this.fault = text(e)
    }
    this.fetching = false
  }

  end(e: EpochEnd) {
    if (this.epochs.some((x) => x.layer === e.layer && x.epoch === e.epoch)) return
    this.epochs = [...this.epochs, e]
  }

  form(f: Forming) {
    const n = f.rows * f.cols
    if (this.sheet?.layer !== f.layer || this.sheet.of !== f.of) {
      this.sheet = { layer: f.layer, of: f.of, rows: f.rows, cols: f.cols, values: new Uint8Array(f.of * n).fill(128), fresh: new Float64Array(f.of) }
    }
    const values = decode(f.values)
    f.maps.forEach((m, i) => {
      this.sheet!.values.set(values.subarray(i * n, (i + 1) * n), m * n)
      this.sheet!.fresh[m] = performance.now()
    })
    this.drawn++
  }

  // still is what a run that does not learn looks for: its last layer.
  async still(r: Run) {
    const layer = r.layers?.at(-1)?.name
    if (!layer || !r.version || this.sheet) return
    try {
      const { sheet } = await source.ask(r.id, { ask: ['sheet'], layer })
      if (!sheet || this.sheet) return
      this.sheet = known(sheet)
      this.drawn++
    } catch (e) {
      this.fault = text(e)
    }
  }
}

class Live {
  private all = new Map<string, Watched>()

  of(id: string): Watched {
    let w = this.all.get(id)
    if (!w) this.all.set(id, (w = new Watched(id)))
    return w
  }

  listen() {
    return source.events(
      (name, data) => this.hear(name, data),
      (yes) => {
        if (yes && !app.connected) this.again()
        app.connected = yes
      },
    )
  }

  private again() {
    void app.list()
    for (const w of this.all.values()) if (w.known) void w.fetch()
  }

  private hear(name: string, data: unknown) {
    if (name === 'runs') return app.hear((data as { runs: Run[] }).runs)
    if (name === 'sweeps') return void (app.sweeps = (data as { sweeps: Sweep[] }).sweeps)
    if (name === 'again') return this.again()
    const w = this.of((data as { run: string }).run)
    switch (name) {
      case 'stage':
        w.stage = data as Stage
        break
      case 'progress':
        w.stage = undefined
        w.progress = data as Progress
        break
      case 'epoch':
        w.end(data as EpochEnd)
        break
      case 'warning':
        w.warnings = [...w.warnings.filter((x) => x.layer !== (data as Warning).layer || x.kind !== (data as Warning).kind), data as Warning]
        break
      case 'forming':
        w.form(data as Forming)
    }
  }
}

export const live = new Live()
