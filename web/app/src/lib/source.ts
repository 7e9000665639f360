import type { Answer, Digits, Finding, Mistakes, Question, Run, Sweep, SweepRuns, SweepState } from './types'

// A Source is where the page gets its answers from: a server, or the engine in
// the page itself.
export type Source = {
  live: boolean // there are events
  runs(): Promise<Run[]>
  run(id: string): Promise<Run>
  digits(id: string, from: number): Promise<Digits> // digitsAtOnce of them, from a multiple of it
  mistakes(id: string): Promise<Mistakes>
  doctor(id: string): Promise<Finding[]>
  ask(id: string, question: Question): Promise<Answer>
  sweeps(): Promise<Sweep[]>
  sweep(id: string): Promise<SweepState>
  point(id: string, point: number): Promise<SweepRuns>
  events(heard: (name: string, data: unknown) => void, connected: (yes: boolean) => void): () => void
}

export const digitsAtOnce = 500
