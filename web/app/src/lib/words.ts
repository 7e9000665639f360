import type { Decision, Layer, Run, Score } from './types'
import { none, silent } from './types'

// Words for numbers, in one place, so that they are the same everywhere.

const numbers = new Intl.NumberFormat('en')
export const count = (n: number) => numbers.format(Math.round(n))
export const percent = (part: number, whole: number, digits = 2) => (whole ? ((100 * part) / whole).toFixed(digits) + ' %' : '–')
export const total = (s: Score) => s.right + s.wrong + s.silent
export const potential = (v: number) => (Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(1) : v.toFixed(2))
export const plural = (n: number, one: string, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`

export function duration(seconds: number): string {
  if (!isFinite(seconds) || seconds < 0) return '–'
  const s = Math.round(seconds)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
}

export const className = (c: number) => (c === none ? 'none' : String(c))

export const signed = (v: number) => (v < 0 ? '−' : '') + Math.abs(v).toFixed(4)

// step counts from 1 for people.
export const when = (step: number) => (step === silent ? 'silent' : `step ${step + 1}`)

// margin says by how much a decision was won.
export function margin(d: { margin_steps: number; margin_potential: number }): string {
  if (d.margin_steps > 0) return plural(d.margin_steps, 'step') + ' earlier'
  return (100 * d.margin_potential).toFixed(1) + ' % higher potential'
}

export function verdict(d: Decision): string {
  if (d.silent) return 'silent: no neuron of the last layer fires'
  if (d.class === none) return 'undecided: the first neuron to fire stands for no class'
  if (d.runner_up === none) return `${d.class}, and no other class fires`
  return `${d.class}, before ${d.runner_up}: ${margin(d)}`
}

export const layerName = (name: string) => (name === 'input' ? 'Input' : name.toUpperCase())

export function shapeText(l: Layer): string {
  return `${plural(l.neurons.maps, 'map')} of ${l.neurons.rows} × ${l.neurons.cols} neurons`
}

export function state(r: Run): string {
  if (r.error) return 'cannot be read'
  if (r.training) return 'training'
  if (r.finished) return 'finished'
  return 'interrupted'
}
