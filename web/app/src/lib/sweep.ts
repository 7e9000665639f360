import type { SweepAxis, SweepPoint, SweepState } from './types'

// A sweep as it is drawn: what points are called, how they rank, and where their
// values are on an axis.

// A Row is a point of the rung that is shown. Those without a result have no rank.
export type Row = SweepPoint & { rank: number; complete: boolean; lost: boolean; share: number }

// rowsOf are the points of a rung: the best first, those that miss seeds behind
// those that do not, and at the end those without a result.
export function rowsOf(s: SweepState, rung: number): Row[] {
  const rows = s.points
    .filter((p) => p.rung === rung)
    .map((p): Row => ({ ...p, rank: 0, complete: p.result?.n === s.seeds, lost: !p.result && p.failed === s.seeds, share: 0 }))
  const order = (r: Row) => (r.complete ? 0 : r.result ? 1 : r.lost ? 3 : 2)
  rows.sort((a, b) => order(a) - order(b) || (b.result?.mean ?? 0) - (a.result?.mean ?? 0) || a.point - b.point)
  const share = shading(rows)
  rows.forEach((r, i) => {
    if (r.result) [r.rank, r.share] = [i + 1, share(r.result.mean)]
  })
  return rows
}

// shading says how good a mean is among others, 0 to 1. The worst tenth is one:
// a few that are far behind must not make all others look alike.
export function shading(rows: Row[]): (mean: number) => number {
  const means = rows.flatMap((r) => r.result?.mean ?? []).sort((a, b) => a - b)
  const low = means[Math.floor(means.length / 10)]
  const high = means.at(-1)!
  return (mean) => (high > low ? Math.max(0, Math.min(1, (mean - low) / (high - low))) : 1)
}

// lastRung is the last that has results.
export function lastRung(s: SweepState): number {
  return s.points.reduce((rung, p) => (p.result ? Math.max(rung, p.rung) : rung), 0)
}

// A name in two parts: what a setting is called, and of what it is one.
export function nameOf(axis: string): { of: string; last: string; short: string } {
  const paths = axis.split(', ').map((p) => p.replace(/^layers\./, '').split('.'))
  const of = paths[0].slice(0, -1).join('.')
  const last = paths.map((p) => (p.slice(0, -1).join('.') === of ? p.at(-1) : p.join('.'))).join(', ')
  return { of, last, short: of ? `${of}.${last}` : last }
}

export const short = (path: string) => path.replace(/^layers\./, '')

// number writes a number in as few digits as tell it.
export function number(v: number): string {
  const text = String(+v.toPrecision(5))
  return text.replace('-', '−')
}

export const right = (v: number) => v.toFixed(2)

// between are the ends of an interval, told as far as it goes.
export const between = (r: { n: number; low: number; high: number }) => (r.n > 1 ? `${right(r.low)} to ${right(r.high)}` : '–')

// A Scale says where a value is on an axis, 0 to 1.
export type Scale = {
  words?: string[]
  log: boolean
  lo: number
  hi: number
  levels: number[] // different values, in order
  none: boolean // there are points without a value
}

export function scaleOf(axis: SweepAxis, values: (number | null)[]): Scale {
  const levels = axis.words ? axis.words.map((_, i) => i) : [...new Set(values.filter((v) => v !== null))].sort((a, b) => a - b)
  const none = values.includes(null)
  const log = axis.log && levels.length > 0 && levels[0] > 0
  if (!levels.length) return { words: axis.words, log: false, lo: 0, hi: 1, levels, none }
  return { words: axis.words, log, lo: levels[0], hi: levels.at(-1)!, levels, none }
}

// resultScale has some room beyond its values.
export function resultScale(means: number[]): Scale {
  if (!means.length) return { log: false, lo: 0, hi: 100, levels: [], none: false }
  const lo = Math.min(...means)
  const hi = Math.max(...means)
  const room = Math.max((hi - lo) * 0.05, 0.05)
  return { log: false, lo: Math.max(0, lo - room), hi: Math.min(100, hi + room), levels: [], none: false }
}

// at is where a value is. What is alone on its axis is in the middle.
export function at(s: Scale, v: number): number {
  if (s.hi <= s.lo) return 0.5
  return s.log ? Math.log(v / s.lo) / Math.log(s.hi / s.lo) : (v - s.lo) / (s.hi - s.lo)
}

export function back(s: Scale, f: number): number {
  if (s.hi <= s.lo) return s.lo
  return s.log ? s.lo * (s.hi / s.lo) ** f : s.lo + f * (s.hi - s.lo)
}

export function text(s: Scale, v: number | null): string {
  if (v === null) return '–'
  return s.words ? (s.words[Math.round(v)] ?? '') : number(v)
}

// ticks are the values of a scale if they are few, or round numbers. Where labels
// would come closer than apart, the rounder stays.
export function ticks(s: Scale, apart: number): { value: number; label: string }[] {
  const few = s.levels.length > 0 && (s.words || s.levels.length <= 15)
  const from = few ? s.levels : s.log ? decades(s) : steps(s, Math.max(apart, 1 / 6))
  const order = s.words ? from : [...from].sort((a, b) => roundness(a) - roundness(b))
  const kept: number[] = []
  for (const v of order) if (kept.every((k) => Math.abs(at(s, k) - at(s, v)) >= apart)) kept.push(v)
  return kept.sort((a, b) => a - b).map((value) => ({ value, label: text(s, value) }))
}

function roundness(v: number): number {
  if (v === 0) return 0
  const [m] = Math.abs(v).toExponential().split('e')
  return 3 * m.length + (m === '1' ? 0 : m === '2' || m === '5' ? 1 : 2)
}

function steps(s: Scale, apart: number): number[] {
  const raw = (s.hi - s.lo) * apart || 1
  const ten = 10 ** Math.floor(Math.log10(raw))
  const step = ten * ([1, 2, 5].find((m) => m * ten >= raw) ?? 10)
  const list: number[] = []
  for (let k = Math.ceil(s.lo / step - 1e-9); k * step <= s.hi + step * 1e-9; k++) list.push(+(k * step).toPrecision(12))
  return list
}

function decades(s: Scale): number[] {
  const list: number[] = []
  for (let e = Math.floor(Math.log10(s.lo)); e <= Math.ceil(Math.log10(s.hi)); e++) {
    for (const m of [1, 2, 5]) {
      const v = +(m * 10 ** e).toPrecision(12)
      if (v >= s.lo * (1 - 1e-9) && v <= s.hi * (1 + 1e-9)) list.push(v)
    }
  }
  return list
}

// A Brush is the part of an axis that is of interest. Its ends are NaN if only what
// has no value is.
export type Brush = { lo: number; hi: number; none: boolean }

export function within(b: Brush, v: number | null): boolean {
  if (v === null) return b.none
  const room = 1e-9 * Math.max(Math.abs(b.lo), Math.abs(b.hi))
  return v >= b.lo - room && v <= b.hi + room
}

// keeps tells which points are within all brushes, of which the last axis is the
// result.
export function keeps(brushes: (Brush | undefined)[], r: Row): boolean {
  return brushes.every((b, i) => !b || (i < r.values.length ? within(b, r.values[i]) : r.result ? within(b, r.result.mean) : r.lost && b.none))
}

// stops are the values at which the end of a brush stops when keys move it.
export function stops(s: Scale): number[] {
  if (s.levels.length && s.levels.length <= 60) return s.levels
  return Array.from({ length: 41 }, (_, i) => back(s, i / 40))
}
