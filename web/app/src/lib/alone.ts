import { unpacked } from './bytes'
import { digitsAtOnce, type Source } from './source'

// nowhere is where sweeps are on a page without a server.
const nowhere = () => Promise.reject(new Error('there are no sweeps on a page without a server'))

// alone is a page without a server: files beside it, and the engine in it.
export function alone(): Source {
  const base = new URL('.', document.baseURI).href
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module' })
  const waiting = new Map<number, (text: string) => void>()
  let number = 0
  worker.onmessage = (e: MessageEvent<{ number: number; text: string }>) => {
    waiting.get(e.data.number)?.(e.data.text)
    waiting.delete(e.data.number)
  }
  worker.onerror = (e) => {
    for (const answer of waiting.values()) answer(JSON.stringify({ error: `the engine cannot start: ${e.message || 'its files are not there'}` }))
    waiting.clear()
  }

  async function file(path: string) {
    const response = await fetch(base + 'data/' + path)
    if (!response.ok) throw new Error(`data/${path} is not there (${response.status}): the site is incomplete`)
    return JSON.parse(new TextDecoder().decode(await unpacked(response)))
  }

  return {
    live: false,
    runs: async () => (await file('runs.json')).runs,
    run: (id) => file(`${id}/run.bin`),
    digits: (id, from) => file(`${id}/digits-${from / digitsAtOnce}.bin`),
    mistakes: (id) => file(`${id}/mistakes.bin`),
    doctor: async (id) => (await file(`${id}/doctor.bin`)).findings,
    ask(id, question) {
      return new Promise((resolve, reject) => {
        waiting.set(++number, (text) => {
          const value = JSON.parse(text)
          if (value.error) reject(new Error(value.error))
          else resolve(value)
        })
        worker.postMessage({ number, base, id, question: JSON.stringify(question) })
      })
    },
    sweeps: async () => [],
    sweep: nowhere,
    point: nowhere,
    events: () => () => {},
  }
}
