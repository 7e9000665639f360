import { decode, encode } from '../lib/bytes'
import type { Play } from '../lib/play.svelte'
import { known, type Sheet } from '../lib/live.svelte'
import { text } from '../lib/app.svelte'
import type { Digits, Learned } from '../lib/types'

// A Pupil is the first layer before any training, which learns here from test
// digits, image by image. Its weights go to the engine and come back with every
// question: nobody else remembers them.
export class Pupil {
  readonly p: Play
  layer = $state('')
  weights = $state.raw('')
  before = $state.raw<Sheet>()
  now = $state.raw<Sheet>()
  drawn = $state(0)
  last = $state.raw<Learned>()
  shown = $state(0)
  busy = $state(false)
  rate = $state(10)
  private next = 0 // of the test digits
  private begun = 0 // how often

  constructor(p: Play) {
    this.p = p
    this.layer = p.network?.layers[0].name ?? ''
  }

  async begin() {
    const begun = ++this.begun // an answer that is still on its way is of no use
    const a = await this.p.ask({ ask: ['sheet'], layer: this.layer, untrained: true, settings: {}, lessons: [] })
    if (!a?.sheet || begun !== this.begun) return
    this.before = known(a.sheet)
    this.now = known(a.sheet)
    this.weights = ''
    this.last = undefined
    this.shown = 0
    this.drawn++
  }

  // image learns from one picture, and tells whether it could.
  image(pixels: string) {
    return this.learn([pixels])
  }

  // digits learns from the next so many test digits.
  async digits(n: number) {
    let some: Digits
    try {
      some = await this.p.digits(this.next)
    } catch (e) {
      this.p.fault = text(e)
      return false
    }
    const size = some.rows * some.cols
    const bytes = decode(some.pixels)
    const from = this.next - some.from
    this.next = (this.next + n) % some.total
    const images: string[] = []
    for (let i = from; i < Math.min(from + n, some.labels.length); i++) images.push(encode(bytes.subarray(i * size, (i + 1) * size)))
    return this.learn(images)
  }

  private async learn(images: string[]) {
    if (this.busy || !images.length) return false
    this.busy = true
    const { begun } = this
    const a = await this.p.ask({ ask: ['learn'], settings: {}, lessons: [], learn: { layer: this.layer, weights: this.weights || undefined, images, rate: this.rate, shown: this.shown } })
    this.busy = false
    if (!a?.learned || begun !== this.begun) return false
    const l = a.learned
    const next = known(l.sheet)
    const now = performance.now()
    l.winners.at(-1)?.forEach((w) => (next.fresh[w.map] = now))
    this.now = next
    this.weights = l.weights
    this.last = l
    this.shown += images.length
    this.drawn++
    return true
  }
}
