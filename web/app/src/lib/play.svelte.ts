import { app, source, text } from './app.svelte'
import { decode, encode, floats } from './bytes'
import { digitsAtOnce } from './source'
import type { Answer, Change, Contrasts, Decision, Digits, Lesson, Network, Neuron, Question, Road, Setting, Why } from './types'

// A Place is a neuron of a layer, or of the input.
export type Place = { layer: string; map: number; row: number; col: number }

export type Canvas = { rows: number; cols: number; pixels: string }

// A Play is one network that somebody plays with: what it is shown, how it is
// set, what it was taught, and what it answers. It belongs to a run.
export class Play {
  readonly run: string
  network = $state.raw<Network>()
  came = $state.raw<Setting[]>([])
  changed = $state<Record<string, string>>({})
  lessons = $state.raw<Lesson[]>([])

  pixels = $state('') // what the network sees, in base64
  note = $state('')
  blank = $state(true)
  digit = $state(-1) // the number of the test image that is shown, -1: none
  label = $state(-1) // its label, -1: not known

  decision = $state.raw<Decision>()
  road = $state.raw<Road>()
  contrasts = $state.raw<Contrasts>()
  why = $state.raw<Why>()
  neuron = $state.raw<Neuron>()
  picked = $state.raw<Place>()
  change = $state.raw<Change>()
  fault = $state('')
  took = $state(0) // milliseconds from the stroke to the decision

  image = $derived(decode(this.pixels))

  private chunks = new Map<number, Promise<Digits>>()
  private next: Question | undefined
  private since = 0
  private asking = false
  private rest: ReturnType<typeof setTimeout> | undefined
  private turn = 0 // counts what was shown, set or taught
  private hurried = false // somebody draws: more will come

  constructor(run: string) {
    this.run = run
    void this.open()
  }

  async open() {
    for (let wait = 500; ; wait = Math.min(5000, 2 * wait)) {
      const a = await this.ask({ ask: ['network', 'settings'] })
      if (a?.network) {
        this.network = a.network
        this.came = a.settings ?? []
        requestAnimationFrame(() => performance.mark('ready'))
        return
      }
      await new Promise((r) => setTimeout(r, wait))
    }
  }

  // ask asks about the network as it is set and taught.
  async ask(q: Question): Promise<Answer | undefined> {
    try {
      const a = await source.ask(this.run, { settings: { ...this.changed }, lessons: this.lessons, ...q })
      this.fault = ''
      return a
    } catch (e) {
      this.fault = text(e)
    }
  }

  // first are the first spikes of a layer's neurons, in the order map, row, column.
  first(layer: string): Uint8Array {
    return this.spikes.get(layer) ?? nothing
  }

  // from is the neuron from which a spike came that reaches a layer: pooled
  // inputs are shown by the neuron that fired in them.
  from(depth: number, map: number, row: number, col: number, step: number): Place {
    const before = depth > 0 ? this.network!.layers[depth - 1] : undefined
    if (!before) return { layer: 'input', map, row, col }
    const first = this.first(before.name)
    const { rows, cols } = before.neurons
    const window = before.window || 1
    for (let r = row * window; r < Math.min((row + 1) * window, rows); r++)
      for (let c = col * window; c < Math.min((col + 1) * window, cols); c++) if (first[(map * rows + r) * cols + c] === step) return { layer: before.name, map, row: r, col: c }
    return { layer: before.name, map, row: Math.min(row * window, rows - 1), col: Math.min(col * window, cols - 1) }
  }

  // order is that of the last layer's maps, class by class.
  order = $derived.by(() => {
    const n = this.network
    return n?.by_map ? n.stands.map((_, i) => i).sort((a, b) => n.stands[a] - n.stands[b] || a - b) : undefined
  })

  // counts are how many neurons fire at each step; a layer without a threshold,
  // whose neurons all fire at the end, does not count.
  counts = $derived.by(() => {
    const sum = new Array<number>(this.road?.steps ?? this.network?.steps ?? 15).fill(0)
    if (this.road) for (const s of [this.road.input, ...this.road.layers]) if (!s.at_end) s.counts.forEach((n, i) => (sum[i] += n))
    return sum
  })

  // levels are what the potentials of a last layer without a threshold are worth:
  // 0 for the lowest, 1 for the highest.
  levels = $derived.by(() => {
    const last = this.road?.layers.at(-1)
    if (!last?.at_end || !last.potentials) return undefined
    const v = floats(last.potentials)
    let [low, high] = [Infinity, -Infinity]
    for (const x of v) [low, high] = [Math.min(low, x), Math.max(high, x)]
    return v.map((x) => (x - low) / Math.max(1e-9, high - low))
  })

  private spikes = $derived.by(() => {
    const of = new Map<string, Uint8Array>()
    if (this.road) for (const s of [this.road.input, ...this.road.layers]) of.set(s.name, decode(s.first))
    return of
  })

  digits(image: number): Promise<Digits> {
    const from = Math.floor(image / digitsAtOnce) * digitsAtOnce
    let some = this.chunks.get(from)
    if (!some) {
      some = source.digits(this.run, from)
      some.catch(() => this.chunks.delete(from))
      this.chunks.set(from, some)
    }
    return some
  }

  // show shows a test image.
  async show(image: number) {
    try {
      const some = await this.digits(image)
      const n = some.rows * some.cols
      const i = image - some.from
      if (i < 0 || i >= some.labels.length) throw new Error(`there is no test image ${image}; there are ${some.total}`)
      this.digit = image
      this.label = some.labels[i]
      this.note = ''
      this.decide({ ask: ['decide'], pixels: encode(decode(some.pixels).subarray(i * n, (i + 1) * n)) })
    } catch (e) {
      this.fault = text(e)
    }
  }

  // draw shows a canvas that was drawn on.
  draw(canvas: Canvas, since = performance.now()) {
    this.digit = this.label = -1
    this.decide({ ask: ['image', 'decide'], canvas }, since)
  }

  // drop shows a file.
  async drop(file: File) {
    if (file.size > 2 << 20) {
      this.fault = `${file.name} has ${(file.size / 1e6).toFixed(1)} MB; pictures may have 2`
      return
    }
    this.digit = this.label = -1
    this.decide({ ask: ['image', 'decide'], file: encode(new Uint8Array(await file.arrayBuffer())), name: file.name })
  }

  clear() {
    this.next = undefined
    this.turn++
    this.digit = this.label = -1
    this.pixels = this.note = ''
    this.blank = true
    this.decision = this.road = this.contrasts = this.why = this.neuron = this.change = undefined
  }

  // again asks anew about what is shown.
  again() {
    if (this.pixels) this.decide({ ask: ['decide'], pixels: this.pixels })
  }

  set(path: string, value: string) {
    const came = this.came.find((s) => s.path === path)?.value
    if (value === came) delete this.changed[path]
    else this.changed[path] = value
    this.again()
  }

  reset() {
    this.changed = {}
    this.again()
  }

  async pick(place: Place | undefined) {
    this.picked = place
    if (!place || place.layer === 'input' || !this.pixels) {
      this.neuron = undefined
      return
    }
    const a = await this.ask({ ask: ['neuron'], pixels: this.pixels, ...place })
    if (a && this.picked === place) this.neuron = a.neuron
  }

  async teach(label: number) {
    const { pixels } = this
    const a = await this.ask({ ask: ['teach'], pixels, label })
    if (!a) return
    this.lessons = [...this.lessons, { pixels, label, settings: { ...this.changed } }]
    this.change = a.change
    this.again()
  }

  undo() {
    this.lessons = this.lessons.slice(0, -1)
    this.change = undefined
    this.again()
  }

  // decide asks, or remembers the newest question until the one before is
  // answered: a stroke gives more than can be told apart.
  private decide(q: Question, since = performance.now()) {
    clearTimeout(this.rest)
    this.turn++
    this.hurried = q.canvas !== undefined
    if (!this.next) this.since = since
    this.next = q
    if (!this.asking) void this.work()
  }

  private async work() {
    this.asking = true
    while (this.next) {
      const q = this.next
      const { since, turn } = this
      this.next = undefined
      const a = await this.ask(q)
      if (!a || (this.turn !== turn && !this.next)) continue // cleared meanwhile
      if (a.image) {
        this.pixels = a.image.pixels
        this.note = a.image.note
        this.blank = a.image.blank
      } else {
        this.pixels = q.pixels ?? ''
        this.blank = false
      }
      this.decision = a.decision
      this.took = performance.now() - since
      performance.measure('stroke to decision', { start: since })
    }
    this.asking = false
    clearTimeout(this.rest)
    this.rest = setTimeout(() => void this.details(), this.hurried ? pause : 0)
  }

  // details is what may come after the decision. Who draws does not wait for it:
  // it comes when the hand rests for a moment.
  private async details() {
    if (!this.pixels) return
    const { pixels, turn } = this
    const a = await this.ask({ ask: ['road', 'contrasts'], pixels })
    if (!a || this.turn !== turn) return
    this.road = a.road
    this.contrasts = a.contrasts
    const q: Question = { ask: ['why'], pixels }
    const place = this.picked
    if (place && place.layer !== 'input') {
      q.ask.push('neuron')
      Object.assign(q, place)
    }
    const b = await this.ask(q)
    if (!b || this.turn !== turn) return
    this.why = b.why
    if (this.picked === place) this.neuron = b.neuron
  }
}

// pause is how long a hand that draws rests, in milliseconds, before all that
// belongs to a decision is asked for.
const pause = 90

const nothing = new Uint8Array(0)

let open: Play | undefined
let close = () => {}

// play is what is played with in the run at hand; a network that was trained
// further is another one.
export function play(): Play | undefined {
  const r = app.current
  if (!r || !r.version || r.error) return undefined
  if (open?.run !== r.id) {
    close()
    // What it derives must outlive the part of the page that asks first.
    close = $effect.root(() => {
      open = new Play(r.id)
    })
  }
  return open
}
