// What the engine and the server say, as packages lab, train and web write it
// in JSON. Bytes are in base64.

export type Shape = { maps: number; rows: number; cols: number }

export type Layer = {
  name: string
  neurons: Shape
  pooled: Shape
  kernel_rows: number
  kernel_cols: number
  stride: number
  pad: number
  window: number
  repeats: boolean
  at_end: boolean
  threshold: number
  fires: string
  lower: number
  upper: number
}

export type Network = {
  name: string
  rows: number
  cols: number
  classes: number
  steps: number
  inputs: Shape
  layers: Layer[]
  stands: number[]
  by_map: boolean
  teachable: boolean
  lessons: number
}

export type Setting = { path: string; value: string; came: string }

export type Spike = { map: number; row: number; col: number; class: number; step: number; potential: number }

export type Decision = {
  class: number
  runner_up: number
  silent: boolean
  winner: Spike | null
  second: Spike | null
  margin_steps: number
  margin_potential: number
  classes: { class: number; step: number; potential: number }[]
}

export type Station = {
  name: string
  neurons: Shape
  first: string
  fired: number
  counts: number[]
  pools: boolean
  pooled: Shape
  handed: string | null
  at_end: boolean
  threshold: number
  potentials?: string // of the last layer
}

export type Road = { steps: number; input: Station; layers: Station[]; decision: Decision }

export type Filter = { kind: string; size: number; kernel: number[]; responses: number[]; intensities: number[] }

export type Contrasts = { rows: number; cols: number; filters: Filter[] }

export type Arrival = { map: number; row: number; col: number; step: number; weight: number }

export type Box = { row: number; col: number; rows: number; cols: number }

export type Kernel = { inputs: number; rows: number; cols: number; lower: number; upper: number; weights: number[] }

export type Feature = { rows: number; cols: number; values: number[] }

export type Neuron = {
  layer: string
  map: number
  row: number
  col: number
  class: number
  step: number
  potential: number
  at_end: boolean
  threshold: number
  fires: string
  potentials: number[]
  arrivals: Arrival[] | null
  field: Box
  kernel: Kernel
  feature: Feature
}

export type Evidence = { map: number; row: number; col: number; step: number; winner: number; second: number; difference: number }

export type Why = { decision: Decision; difference: number; evidence: Evidence[] | null; rows: number; cols: number; heat: number[] }

export type Change = {
  outcome: 'right' | 'wrong' | 'silent'
  label: number
  map: number
  class: number
  neuron: Spike | null
  factor: number
  a_plus: number
  a_minus: number
  grown: number
  shrunk: number
  largest: number
  clamped: number
  differences: number[] | null
  before: Decision
  after: Decision
  lessons: number
}

export type Picture = { rows: number; cols: number; pixels: string; blank: boolean; inverted: boolean; as_is: boolean; note: string }

export type Sheet = { layer: string; maps: number; rows: number; cols: number; values: string }

export type Won = { map: number; row: number; col: number; step: number; potential: number }

export type Learned = {
  layer: string
  weights: string
  sheet: Sheet
  winners: Won[][]
  counts: number[]
  convergence: number
  a_plus: number
  a_minus: number
}

export type Lesson = { pixels: string; label: number; settings?: Record<string, string> }

export type Question = {
  ask: ('network' | 'settings' | 'sheet' | 'image' | 'decide' | 'road' | 'contrasts' | 'neuron' | 'map' | 'why' | 'teach' | 'learn')[]
  settings?: Record<string, string>
  lessons?: Lesson[]
  pixels?: string
  canvas?: { rows: number; cols: number; pixels: string }
  file?: string
  name?: string
  layer?: string
  map?: number
  row?: number
  col?: number
  label?: number
  untrained?: boolean
  learn?: { layer: string; weights?: string; images: string[]; rate?: number; shown?: number }
}

export type Answer = {
  network?: Network
  settings?: Setting[]
  sheet?: Sheet
  image?: Picture
  decision?: Decision
  road?: Road
  contrasts?: Contrasts
  neuron?: Neuron
  kernel?: Kernel
  feature?: Feature
  why?: Why
  change?: Change
  learned?: Learned
}

export type Score = { right: number; wrong: number; silent: number }

export type EpochEnd = {
  layer: string
  epoch: number
  epochs: number
  presentations: number
  train?: Score
  validation?: Score
  test?: Score
  best?: boolean
  convergence: number
  seconds: number
  images_per_second: number
  cached?: boolean
}

export type Run = {
  id: string
  name: string
  experiment: string
  paper: string
  seed: number
  protocol: string
  layers: { name: string; maps: number; k: number; rule: string; epochs: number }[] | null
  finished: boolean
  training?: boolean
  error?: string
  version: string
  test?: Score
  epochs: EpochEnd[]
  reported: { percent: number; epoch: number; by: string; how: string }[]
}

export type Digits = { rows: number; cols: number; from: number; total: number; pixels: string; labels: number[] }

export type Mistake = {
  image: number
  outcome: 'wrong' | 'silent'
  label: number
  class: number
  runner_up: number
  margin_steps: number
  margin_potential: number
}

export type Mistakes = { version: string; images: number; rows: number; cols: number; pixels: string; list: Mistake[] }

export type Progress = {
  run: string
  layer: string
  epoch: number
  epochs: number
  image: number
  images: number
  score: Score
  deciding: boolean
  winners: number
  convergence: number
  images_per_second: number
  left: number
}

export type Warning = { run: string; layer: string; kind: string; epoch: number; image: number; images: number; convergence: number }

export type Stage = { run: string; name: string; done: number; total: number }

export type Forming = { run: string; layer: string; of: number; rows: number; cols: number; maps: number[]; values: string }

export const silent = 255
export const none = -1

export type Finding = {
  severity: 'note' | 'worth a look' | 'grave'
  layer: string
  cause: string
  text: string
  change?: { path: string; value: string }[]
  follows?: string
}

// A sweep, and what has come of it. Results are percentages of held-out images.
export type Sweep = { id: string; name: string; version: string }

export type SweepAxis = { name: string; words?: string[]; log: boolean }

export type SweepResult = { n: number; mean: number; low: number; high: number; worst: number; best: number }

export type SweepPoint = { point: number; rung: number; values: (number | null)[]; result?: SweepResult; failed?: number }

export type SweepLevel = SweepResult & { value: number | null; from?: number; to?: number }

export type SweepState = Sweep & {
  rest: number
  preset: string
  search: string
  seeds: number
  set: { path: string; value: string }[]
  axes: SweepAxis[]
  rungs: { epochs: number; points: number; effects: SweepLevel[][] }[]
  jobs: number
  done: number
  failed: number
  training: number
  left: number
  working: { point: number; seed: number; host: string; at: string; part: number }[]
  failures: { error: string; times: number; jobs: string[] }[]
  points: SweepPoint[]
}

export type SweepRun = {
  seed: number
  state: 'finished' | 'training' | 'failed' | 'waiting'
  right: number
  epoch: number
  curve: number[]
  seconds: number
  host: string
  run: string
  at: string
  error: string
}

export type SweepRuns = {
  point: number
  version: string
  settings: { path: string; value: string }[]
  rungs: { rung: number; epochs: number; seeds: number; runs: SweepRun[] }[]
}
